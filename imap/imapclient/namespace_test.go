package imapclient_test

import (
	"io"
	"reflect"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/wiretest"
)

// TestNamespaceExtensions takes the answer of RFC 5255 §3.4.
func TestNamespaceExtensions(t *testing.T) {
	t.Parallel()
	near, far := wiretest.Pipe()
	defer near.Close()
	defer far.Close()
	go io.Copy(io.Discard, far)
	io.WriteString(far, "* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n"+
		`* NAMESPACE (("" "/")) (("Other Users/" "/" "TRANSLATION" ("Andere Ben&APw-tzer/"))) (("Public Folders/" "/" "TRANSLATION" ("Gemeinsame Postf&AM8-cher/") "X" ("y" "z")))`+
		"\r\nT1 OK done\r\n")
	far.CloseWrite()
	c, err := imapclient.New(t.Context(), near, imapclient.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := c.Namespace(t.Context())
	want := &imap.NamespaceData{
		Personal: []imap.Namespace{{Delim: '/'}},
		Other:    []imap.Namespace{{Prefix: "Other Users/", Delim: '/'}},
		Shared:   []imap.Namespace{{Prefix: "Public Folders/", Delim: '/'}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}
