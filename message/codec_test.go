package message

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCodecRoundTrip(t *testing.T) {
	t.Parallel()
	for name, data := range corpus(t) {
		want := scan(Limits{}, data)
		bin := want.AppendBinary([]byte("prefix"))[len("prefix"):]
		got, err := DecodeStructure(bin)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		env, err := DecodeEnvelope(bin)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want.Envelope, env, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: envelope: %s", name, diff)
		}
		parts, err := DecodeParts(bin)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, parts, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Structure{}, "Envelope")); diff != "" || parts.Envelope != nil {
			t.Errorf("%s: parts: %s", name, diff)
		}
		if again := got.AppendBinary(nil); !bytes.Equal(again, bin) {
			t.Errorf("%s: encoded anew it differs", name)
		}
		for n := range bin {
			if _, err := DecodeStructure(bin[:n]); err == nil {
				t.Errorf("%s: %d of %d octets decode", name, n, len(bin))
			}
			if _, err := DecodeParts(bin[:n]); err == nil {
				t.Errorf("%s: the parts of %d of %d octets decode", name, n, len(bin))
			}
		}
		if _, err := DecodeStructure(append(bytes.Clone(bin), 0)); err == nil {
			t.Errorf("%s: decodes with an octet too many", name)
		}
	}
}

// TestDecodeAgain decodes all into the same memory: nothing of one is left in
// the next.
func TestDecodeAgain(t *testing.T) {
	t.Parallel()
	var decoder StructureDecoder
	for name, data := range corpus(t) {
		want := scan(Limits{}, data)
		bin := want.AppendBinary(nil)
		for range 2 {
			if got, err := decoder.Structure(bin); err != nil || !cmp.Equal(want, got, cmpopts.EquateEmpty()) {
				t.Errorf("%s: %v %s", name, err, cmp.Diff(want, got, cmpopts.EquateEmpty()))
			}
		}
		if got, err := decoder.Parts(bin); err != nil || got.Envelope != nil || !cmp.Equal(want.Root, got.Root, cmpopts.EquateEmpty()) {
			t.Errorf("%s: parts: %v %v", name, err, got)
		}
		if got, err := decoder.Envelope(bin); err != nil || !cmp.Equal(want.Envelope, got, cmpopts.EquateEmpty()) {
			t.Errorf("%s: envelope: %v %v", name, err, got)
		}
		decoder.Structure(bin[:len(bin)-1]) // a failure leaves nothing either
	}
}

func BenchmarkDecodeParts(b *testing.B) {
	bin := scan(Limits{}, corpus(b)["testdata/structure/alternative.eml"]).AppendBinary(nil)
	decoders := map[string]func([]byte) (*Structure, error){
		"new": DecodeParts, "again": new(StructureDecoder).Parts,
	}
	for name, decode := range decoders {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode(bin); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestCodecTruncatedAndShifted(t *testing.T) {
	t.Parallel()
	data := corpus(t)["testdata/structure/alternative.eml"]
	want := scan(Limits{Parts: 2}, data)
	if !want.Truncated {
		t.Fatal("not truncated")
	}
	want.Shift(77)
	got, err := DecodeStructure(want.AppendBinary(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// TestCommonStrings checks that no value stands twice in the table, where the
// second would never be used, and that the length bound holds.
func TestCommonStrings(t *testing.T) {
	t.Parallel()
	for i, s := range commonStrings {
		if commonIndex(s) != i {
			t.Errorf("%q: index %d, not %d", s, commonIndex(s), i)
		}
	}
	if commonIndex(strings.Repeat("x", 30)) != -1 {
		t.Error("found what is not there")
	}
}

func FuzzDecodeStructure(f *testing.F) {
	for _, data := range corpus(f) {
		f.Add(scan(Limits{}, data).AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		_, _ = DecodeEnvelope(src)
		s, err := DecodeStructure(src)
		if err != nil {
			return
		}
		again, err := DecodeStructure(s.AppendBinary(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}
