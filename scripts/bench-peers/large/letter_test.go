package main

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"
)

func TestLettersAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	a, b := newMailbag(300), newMailbag(300)
	for i := range 300 {
		x, y := a.next(), b.next()
		if !bytes.Equal(x.raw, y.raw) || x.flags != y.flags || !x.arrived.Equal(y.arrived) {
			t.Fatalf("letter %d is not the same", i)
		}
	}
}

// TestLetters reads letters as a client would.
func TestLetters(t *testing.T) {
	t.Parallel()
	bag := newMailbag(1000)
	seen := map[string]bool{}
	answers, multiparts, octets := 0, 0, 0
	var before time.Time
	for i := range 1000 {
		l := bag.next()
		octets += len(l.raw)
		m, err := mail.ReadMessage(bytes.NewReader(l.raw))
		if err != nil {
			t.Fatalf("letter %d: %v", i, err)
		}
		for reference := range strings.FieldsSeq(m.Header.Get("References")) {
			if !seen[reference] {
				t.Errorf("letter %d answers %s, which was not there", i, reference)
			}
			answers++
		}
		seen[m.Header.Get("Message-ID")] = true
		if sent, err := m.Header.Date(); err != nil || sent.After(l.arrived) {
			t.Errorf("letter %d was sent %v and arrived %v: %v", i, sent, l.arrived, err)
		}
		if l.arrived.Before(before) {
			t.Errorf("letter %d arrived before the one before it", i)
		}
		before = l.arrived
		multiparts += partsOf(t, m)
	}
	if answers < 500 || multiparts < 400 {
		t.Errorf("%d answers and %d parts of 1000 letters", answers, multiparts)
	}
	if mean := octets / 1000; mean < 2000 || mean > 8000 {
		t.Errorf("a letter has %d octets", mean)
	}
	if before.Year() != 2025 {
		t.Errorf("the last letter arrived %v", before)
	}
}

// partsOf counts the parts of a message of many.
func partsOf(t *testing.T, m *mail.Message) int {
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return 0
	}
	n := 0
	for r := multipart.NewReader(m.Body, params["boundary"]); ; n++ {
		if _, err := r.NextPart(); err == io.EOF {
			return n
		} else if err != nil {
			t.Error(err)
			return n
		}
	}
}
