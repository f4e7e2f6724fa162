package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Load reads and checks a configuration file. If anything is wrong with it,
// the error is a [Problems].
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Parse reads and checks the text of a configuration.
func Parse(text []byte) (*Config, error) {
	var whole map[string]any
	if err := toml.Unmarshal(text, &whole); err != nil {
		return nil, Problems{syntaxProblem(err)}
	}
	c := Default()
	var problems Problems
	lines := make(map[string]int)
	for _, e := range expressions(text) {
		if _, known := lines[e.path()]; !known || !e.list {
			lines[e.path()] = e.line
		}
		problems = append(problems, e.decode(c)...)
	}
	for _, p := range c.Check() {
		p.Line = lineOf(lines, p.Key)
		problems = append(problems, p)
	}
	if len(problems) == 0 {
		return c, nil
	}
	problems.sort()
	return nil, problems
}

// lineOf returns the line that sets a key. In an inline table that is the line
// of the table.
func lineOf(lines map[string]int, key string) int {
	for {
		if line, ok := lines[key]; ok {
			return line
		}
		i := strings.LastIndexByte(key, '.')
		if i < 0 {
			return 0
		}
		key = key[:i]
	}
}

func syntaxProblem(err error) Problem {
	var d *toml.DecodeError
	if !errors.As(err, &d) {
		return Problem{Text: clean(err)}
	}
	line, _ := d.Position()
	return Problem{Line: line, Text: clean(err)}
}

// mismatch is the decoder's message about a value of the wrong type.
var mismatch = regexp.MustCompile(`^cannot decode TOML (\S+) into .* of type (\S+)$`)

// plainly says what a setting has to be in other words than Go's types.
func plainly(text string) string {
	m := mismatch.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	wanted := "a section of settings"
	switch m[2] {
	case "string":
		wanted = "a text in quotes"
	case "int", "int64":
		wanted = "a whole number"
	case "bool":
		wanted = "true or false"
	case "[]string", "[]config.Duration":
		wanted = "a list of texts in quotes"
	}
	return "must be " + wanted + ", not a TOML " + m[1]
}

// clean takes the decoder's name off its messages.
func clean(err error) string { return strings.TrimPrefix(err.Error(), "toml: ") }

// An expression is one `key = value` of a file with the table that it stands
// in, or the header of a table.
type expression struct {
	table  string // the header's text, as in "smtp"
	key    string // empty for a header
	list   bool   // the header is one of a list of tables
	index  int    // in a list of tables, from 0
	source []byte // from the key to the next expression
	line   int
}

func (e expression) path() string {
	table := e.table
	if isList(table) {
		table = element(table, e.index)
	}
	switch {
	case e.key == "":
		return table
	case table == "":
		return e.key
	}
	return table + "." + e.key
}

// element names one of a list of tables, counted from 1.
func element(list string, index int) string { return fmt.Sprintf("%s[%d]", list, index+1) }

// isList reports whether a table is one of a list.
func isList(table string) bool { return table == "outbound.route" || table == "outbound.pool" }

// in returns what an expression of a list of tables sets, in c.
func (e expression) in(c *Config) any {
	if e.table == "outbound.route" {
		c.Outbound.Routes = grown(c.Outbound.Routes, e.index)
		return &c.Outbound.Routes[e.index]
	}
	c.Outbound.Pools = grown(c.Outbound.Pools, e.index)
	return &c.Outbound.Pools[e.index]
}

func grown[T any](list []T, index int) []T {
	if index < len(list) {
		return list
	}
	var one T
	return append(list, one)
}

// decode sets what the expression says in c, and returns what is wrong with it.
func (e expression) decode(c *Config) Problems {
	listed := isList(e.table)
	if e.list != listed && e.key == "" {
		return Problems{{Line: e.line, Key: e.path(), Text: wrongHeader(e)}}
	}
	var target any = c
	var doc bytes.Buffer
	switch {
	case listed:
		target = e.in(c)
	case e.table != "":
		fmt.Fprintf(&doc, "[%s]\n", e.table)
	}
	if e.key != "" {
		doc.Write(e.source)
	}
	err := toml.NewDecoder(&doc).DisallowUnknownFields().Decode(target)
	var missing *toml.StrictMissingError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &missing):
		return Problems{{Line: e.line, Key: e.path(), Text: plainly(clean(err))}}
	}
	var problems Problems // several in an inline table
	for _, m := range missing.Errors {
		key := e.within(strings.Join(m.Key(), "."))
		problems = append(problems, Problem{Line: e.line, Key: key, Text: "there is no such setting"})
	}
	return problems
}

func wrongHeader(e expression) string {
	if e.list {
		return "is no list: write [" + e.table + "]"
	}
	return "is a list: write [[" + e.table + "]]"
}

// within returns the path of a key that the decoder does not know. It names
// those of an inline table without the table, and of a table that it does not
// know the table only.
func (e expression) within(key string) string {
	path := e.path()
	switch {
	case isList(e.table):
		return path
	case strings.HasPrefix(path, key):
		return path
	case strings.HasPrefix(key, path):
		return key
	}
	return path + "." + key
}

// expressions splits a text, which is known to be valid, into its parts.
func expressions(text []byte) []expression {
	var (
		p     unstable.Parser
		all   []expression
		table string
		index = map[string]int{} // of the next in each list of tables
		start = -1               // where the last key began, until it is known where it ends
	)
	finish := func(end int) {
		if start >= 0 {
			all[len(all)-1].source = text[start:end]
		}
		start = -1
	}
	p.Reset(text)
	for p.NextExpression() {
		node := p.Expression()
		name, offset := keyOf(node)
		line := 1 + bytes.Count(text[:offset], []byte("\n"))
		if node.Kind != unstable.KeyValue {
			finish(bytes.LastIndexByte(text[:offset], '\n') + 1)
			table = name
			list := node.Kind == unstable.ArrayTable
			if list {
				index[table]++
			}
			all = append(all, expression{table: table, line: line, list: list, index: max(0, index[table]-1)})
			continue
		}
		finish(offset)
		start = offset
		all = append(all, expression{table: table, key: name, line: line, index: max(0, index[table]-1)})
	}
	finish(len(text))
	return all
}

// keyOf returns the dotted key of a node, and where it begins.
func keyOf(node *unstable.Node) (name string, offset int) {
	var parts []string
	offset = -1
	for it := node.Key(); it.Next(); {
		if offset < 0 {
			offset = int(it.Node().Raw.Offset)
		}
		parts = append(parts, string(it.Node().Data))
	}
	return strings.Join(parts, "."), max(offset, 0)
}
