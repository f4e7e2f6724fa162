package message

import (
	"slices"
	"strconv"
	"strings"
)

// segment is one piece of a parameter that RFC 2231 §3 splits.
type segment struct {
	number   int
	extended bool // its value is in %XX form
	value    string
}

// joinContinuations puts the pieces of split parameters together, each at the
// place of its first piece.
func joinContinuations(params []Param) []Param {
	if !slices.ContainsFunc(params, isContinuation) {
		return params
	}
	joined := params[:0]
	done := map[string]bool{}
	rest := slices.Clone(params)
	for i, p := range rest {
		base, _, _, ok := splitName(p.Name)
		if !ok {
			joined = append(joined, p)
			continue
		}
		key := strings.ToLower(base)
		if !done[key] {
			done[key] = true
			joined = append(joined, joinSegments(base, segmentsOf(rest[i:], base)))
		}
	}
	return joined
}

func isContinuation(p Param) bool {
	_, _, _, ok := splitName(p.Name)
	return ok
}

// splitName splits the name of a piece: title*1* is piece 1 of title, extended.
func splitName(name string) (base string, number int, extended, ok bool) {
	star := strings.IndexByte(name, '*')
	if star <= 0 || star == len(name)-1 {
		return "", 0, false, false
	}
	digits := name[star+1:]
	if strings.HasSuffix(digits, "*") {
		digits, extended = digits[:len(digits)-1], true
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, false, false
	}
	return name[:star], int(n), extended, true
}

// segmentsOf returns the pieces of base in order, up to the first that is
// missing.
func segmentsOf(params []Param, base string) []segment {
	var segments []segment
	for _, p := range params {
		b, n, extended, ok := splitName(p.Name)
		if ok && strings.EqualFold(b, base) {
			segments = append(segments, segment{n, extended, p.Value})
		}
	}
	slices.SortStableFunc(segments, func(a, b segment) int { return a.number - b.number })
	segments = slices.CompactFunc(segments, func(a, b segment) bool { return a.number == b.number })
	for i := range segments {
		if segments[i].number != i {
			// QUIRK: some software counts from 1.
			if segments[i].number != i+1 || segments[0].number != 1 {
				return segments[:i]
			}
		}
	}
	return segments
}

// joinSegments joins pieces. If one of them is extended the result is, and the
// others are brought into its form.
func joinSegments(base string, segments []segment) Param {
	if !slices.ContainsFunc(segments, func(s segment) bool { return s.extended }) {
		var b strings.Builder
		for _, s := range segments {
			b.WriteString(s.value)
		}
		return Param{Name: base, Value: b.String()}
	}
	var b []byte
	if !segments[0].extended {
		b = append(b, "''"...)
	}
	for _, s := range segments {
		if s.extended {
			b = append(b, s.value...)
		} else {
			b = appendPercent(b, s.value)
		}
	}
	return Param{Name: base + "*", Value: string(b)}
}

const hexDigits = "0123456789ABCDEF"

// appendPercent appends s in %XX form (RFC 2231 §7: attribute-char stays).
func appendPercent(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x80 && isTokenByte(c) && c != '*' && c != '\'' && c != '%' {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// undoPercent undoes %XX; what is not hexadecimal stays.
func undoPercent(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi >= 0 && lo >= 0 {
				b = append(b, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return b
}

// unhex returns the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// DecodedParam returns the text of the parameter with this name, in UTF-8, or
// "" if there is none. The form of RFC 2231 §4 is preferred to the plain one; in
// the plain one encoded words are decoded, which RFC 2047 §5 forbids and much
// software writes.
func DecodedParam(params []Param, name string) string {
	if v := rawParam(params, name+"*"); v != "" {
		return decodeExtended(v)
	}
	return DecodeHeader(rawParam(params, name))
}

// decodeExtended decodes charset'language'%XX (RFC 2231 §4).
func decodeExtended(s string) string {
	charset, rest, ok := strings.Cut(s, "'")
	if ok {
		if _, text, more := strings.Cut(rest, "'"); more {
			return decodeCharset(charset, undoPercent(text))
		}
	}
	return decodeCharset("", undoPercent(s))
}

// Param returns the text of a Content-Type parameter, see [DecodedParam].
func (p *Part) Param(name string) string { return DecodedParam(p.Params, name) }

// Filename returns the name that the sender gave the part, decoded, or "": that
// of Content-Disposition, or else the name in Content-Type. It is what the
// sender wrote: it may hold slashes and anything else.
func (p *Part) Filename() string {
	if name := DecodedParam(p.DispositionParams, "filename"); name != "" {
		return name
	}
	return DecodedParam(p.Params, "name")
}
