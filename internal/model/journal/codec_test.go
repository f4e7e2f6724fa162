package journal

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCodec fills every field there is: one that is added and not written fails
// here.
func TestCodec(t *testing.T) {
	t.Parallel()
	var e Event
	fill(reflect.ValueOf(&e).Elem())
	text := appendEvent(nil, &e)
	got, err := decodeEvent(text)
	if diff := cmp.Diff(e, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for n := range text {
		if _, err := decodeEvent(text[:n]); err == nil {
			t.Errorf("%d of %d bytes are an event", n, len(text))
		}
	}
}

// fill gives a value, and all in it, something else than zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("text of a " + v.Type().Name())
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 2, 3, 4, 5, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

// FuzzDecodeEvent wants whatever can be read to be written the same way again.
func FuzzDecodeEvent(f *testing.F) {
	for _, e := range relayed(time.Date(2026, 3, 1, 2, 3, 4, 5, time.UTC)) {
		f.Add(appendEvent(nil, &e))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := decodeEvent(text)
		if err != nil {
			return
		}
		again := appendEvent(nil, &e)
		if got, err := decodeEvent(again); err != nil || !bytes.Equal(appendEvent(nil, &got), again) {
			t.Errorf("%+v\n%+v, %v", e, got, err)
		}
	})
}
