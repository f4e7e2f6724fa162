package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	htmlHead := "Content-Type: text/html; charset=utf-8\r\n\r\n"
	plain := "Content-Type: text/plain; charset=utf-8\r\n\r\n"
	for name, test := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"plain":      {searchable, 100, "Grüße aus Köln"},
		"cut":        {searchable, 3, "Grü"},
		"no half":    {searchable, 6, "Grüße"},
		"html":       {htmlHead + "<html><head><title>no</title><style>p{}</style></head><body><p>One &amp;\r\n two</p><p>thr\u00e9e</p>", 100, "One & two thrée"},
		"inline":     {htmlHead + "a<b>b</b>c<br>d<script>if (a<b) x()</script>e<a href='#'>f</a>", 100, "abc d ef"},
		"html quote": {htmlHead + "Yes.<blockquote>No? <blockquote>Yes?</blockquote> No.</blockquote> Ann", 100, "Yes. Ann"},
		"padding":    {htmlHead + "Sale&zwnj;&nbsp;&zwnj;&nbsp;&#847;&#8203;now", 100, "Sale now"},
		"emoji":      {plain + "\U0001F468\u200d\U0001F467 hi", 100, "\U0001F468\u200d\U0001F467 hi"},
		"quoted":     {plain + "On Monday Bob wrote:\r\n\r\n> Are you there?\r\n> >x\r\n\r\nYes, I am.\r\n-- \r\nAnn\r\n", 100, "Yes, I am."},
		"below":      {plain + "Fine:\r\nsee\r\n> old\r\n", 100, "Fine: see"},
		"all quoted": {plain + "> Are you there?\r\n", 100, "> Are you there?"},
		"controls":   {plain + "a\x01\x7fb\r\nc", 100, "ab c"},
		"image":      {"Content-Type: image/png\r\n\r\nx", 10, ""},
		"empty":      {plain + " \r\n", 10, ""},
		"alternative": {"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<i>h</i>\r\n" +
			"--b\r\n\r\np\r\n--b--\r\n", 10, "p"},
		"first, not the footer": {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<i>h</i>\r\n" +
			"--b\r\n\r\nlist footer\r\n--b--\r\n", 10, "h"},
		"attachment first": {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n" +
			"Content-Disposition: attachment\r\n\r\nfile\r\n--b\r\n\r\ntext\r\n--b--\r\n", 10, "text"},
	} {
		if got := Preview(scan(Limits{}, []byte(test.in)), strings.NewReader(test.in), test.limit); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// FuzzPreview checks the promises of Preview on any bytes.
func FuzzPreview(f *testing.F) {
	f.Add([]byte(searchable))
	f.Add([]byte("Content-Type: text/html\r\n\r\n<p>a&lt;<blockquote>\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := Preview(scan(Limits{}, data), strings.NewReader(string(data)), 200)
		if n := utf8.RuneCountInString(got); n > 200 || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x00") {
			t.Fatalf("%d characters: %q", n, got)
		}
	})
}

func BenchmarkPreview(b *testing.B) {
	plain := "\r\n" + strings.Repeat("Some words of a letter that goes on and on.\r\n", 200)
	page := "Content-Type: text/html\r\n\r\n<html><head><style>" + strings.Repeat("p { margin: 0 }\n", 200) +
		"</style></head>" + strings.Repeat("<table><tr><td class='x'>Some words</td></tr></table>\r\n", 200)
	for name, text := range map[string]string{"plain": plain, "html": page} {
		b.Run(name, func(b *testing.B) {
			s, r := scan(Limits{}, []byte(text)), strings.NewReader(text)
			b.ReportAllocs()
			for b.Loop() {
				Preview(s, r, 200)
			}
		})
	}
}
