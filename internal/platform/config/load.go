package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
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
		lines[e.path()] = e.line
		if p, ok := e.decode(c); !ok {
			problems = append(problems, p)
		}
	}
	for _, p := range c.Check() {
		p.Line = lines[p.Key]
		problems = append(problems, p)
	}
	if len(problems) == 0 {
		return c, nil
	}
	problems.sort()
	return nil, problems
}

func syntaxProblem(err error) Problem {
	var d *toml.DecodeError
	if !errors.As(err, &d) {
		return Problem{Text: clean(err)}
	}
	line, _ := d.Position()
	return Problem{Line: line, Text: clean(err)}
}

// clean takes the decoder's name off its messages.
func clean(err error) string { return strings.TrimPrefix(err.Error(), "toml: ") }

// An expression is one `key = value` of a file with the table that it stands
// in, or the header of a table.
type expression struct {
	table  string // the header's text, as in "smtp"
	key    string // empty for a header
	source []byte // from the key to the next expression
	line   int
}

func (e expression) path() string {
	switch {
	case e.key == "":
		return e.table
	case e.table == "":
		return e.key
	}
	return e.table + "." + e.key
}

// decode sets what the expression says in c.
func (e expression) decode(c *Config) (Problem, bool) {
	var doc bytes.Buffer
	if e.table != "" {
		fmt.Fprintf(&doc, "[%s]\n", e.table)
	}
	if e.key != "" {
		doc.Write(e.source)
	}
	err := toml.NewDecoder(&doc).DisallowUnknownFields().Decode(c)
	if err == nil {
		return Problem{}, true
	}
	p := Problem{Line: e.line, Key: e.path(), Text: clean(err)}
	var missing *toml.StrictMissingError
	if errors.As(err, &missing) {
		p.Text = "there is no such setting"
	}
	return p, false
}

// expressions splits a text, which is known to be valid, into its parts.
func expressions(text []byte) []expression {
	var (
		p     unstable.Parser
		all   []expression
		table string
		start = -1 // where the last key began, until it is known where it ends
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
			all = append(all, expression{table: table, line: line})
			continue
		}
		finish(offset)
		start = offset
		all = append(all, expression{table: table, key: name, line: line})
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
