package imap

import (
	"encoding/base64"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrUTF7 says that a mailbox name is not in modified UTF-7, or not in its
// only correct form.
var ErrUTF7 = errors.New("imap: mailbox name is not modified UTF-7")

const utf7Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,"

// isUTF7Direct reports whether c stands for itself in modified UTF-7.
func isUTF7Direct(c byte) bool { return c >= 0x20 && c <= 0x7e && c != '&' }

// AppendUTF7 appends name, which is UTF-8, to b in modified UTF-7 (RFC 3501
// §5.1.3). What is not UTF-8 becomes U+FFFD.
func AppendUTF7(b []byte, name string) []byte {
	for i := 0; i < len(name); {
		switch c := name[i]; {
		case c == '&':
			b = append(b, '&', '-')
			i++
		case isUTF7Direct(c):
			b = append(b, c)
			i++
		default:
			end := i
			for end < len(name) && !isUTF7Direct(name[end]) && name[end] != '&' {
				end++
			}
			b = appendShifted(b, name[i:end])
			i = end
		}
	}
	return b
}

// appendShifted appends s as one shifted sequence: "&", base64 of UTF-16, "-".
func appendShifted(b []byte, s string) []byte {
	b = append(b, '&')
	var bits uint32
	var n uint
	put := func(u uint16) {
		bits = bits<<16 | uint32(u)
		for n += 16; n >= 6; n -= 6 {
			b = append(b, utf7Alphabet[bits>>(n-6)&63])
		}
	}
	for _, r := range s {
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			put(uint16(hi))
			put(uint16(lo))
		} else {
			put(uint16(r))
		}
	}
	if n > 0 {
		b = append(b, utf7Alphabet[bits<<(6-n)&63])
	}
	return append(b, '-')
}

// EncodeUTF7 returns name, which is UTF-8, in modified UTF-7.
func EncodeUTF7(name string) string {
	for i := range len(name) {
		if !isUTF7Direct(name[i]) {
			return string(AppendUTF7(make([]byte, 0, len(name)+8), name))
		}
	}
	return name
}

// DecodeUTF7 returns name, which is in modified UTF-7, as UTF-8, or ErrUTF7.
// Only the form that RFC 3501 §5.1.3 requires is taken, so that two encoded
// names are equal exactly when the decoded ones are.
func DecodeUTF7(name string) (string, error) {
	plain := true
	for i := range len(name) {
		if c := name[i]; c == '&' {
			plain = false
		} else if !isUTF7Direct(c) {
			return "", ErrUTF7
		}
	}
	if plain {
		return name, nil
	}
	out, err := decodeUTF7(name)
	if err != nil || EncodeUTF7(out) != name {
		return "", ErrUTF7
	}
	return out, nil
}

func decodeUTF7(name string) (string, error) {
	enc := base64.NewEncoding(utf7Alphabet).WithPadding(base64.NoPadding).Strict()
	out := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		if name[i] != '&' {
			out = append(out, name[i])
			continue
		}
		end := i + 1
		for end < len(name) && name[end] != '-' {
			end++
		}
		switch {
		case end == len(name):
			return "", ErrUTF7
		case end == i+1:
			out = append(out, '&')
		default:
			raw, err := enc.DecodeString(name[i+1 : end])
			if err != nil || len(raw)%2 != 0 {
				return "", ErrUTF7
			}
			out = appendUTF16(out, raw)
		}
		i = end
	}
	return string(out), nil
}

// appendUTF16 appends big-endian UTF-16 as UTF-8; lone surrogates become
// U+FFFD, which the caller's round trip then refuses.
func appendUTF16(out, raw []byte) []byte {
	for i := 0; i < len(raw); i += 2 {
		r := rune(raw[i])<<8 | rune(raw[i+1])
		if utf16.IsSurrogate(r) && i+3 < len(raw) {
			if p := utf16.DecodeRune(r, rune(raw[i+2])<<8|rune(raw[i+3])); p != utf8.RuneError {
				r = p
				i += 2
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}
