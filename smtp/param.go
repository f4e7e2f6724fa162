package smtp

import "strings"

var (
	errUnknownParam   = NewError(555, EnhancedCode{5, 5, 4}, "Parameter not recognized")
	errParamValue     = NewError(501, EnhancedCode{5, 5, 4}, "Syntax error in parameter")
	errParamDuplicate = NewError(501, EnhancedCode{5, 5, 4}, "Parameter given twice")
)

// A param is one esmtp-param (RFC 5321 §4.1.2), the keyword in upper case.
type param struct {
	keyword, value string
	hasValue       bool
}

// eachParam calls f for each parameter in s, which is empty or begins with a
// space.
func eachParam(s string, f func(param) error) error {
	var seen []string
	for s = strings.TrimRight(s, " "); s != ""; {
		if s[0] != ' ' {
			return errParamValue
		}
		var text string
		s = strings.TrimLeft(s, " ")
		if i := strings.IndexByte(s, ' '); i >= 0 {
			text, s = s[:i], s[i:]
		} else {
			text, s = s, ""
		}
		p := param{}
		p.keyword, p.value, p.hasValue = strings.Cut(text, "=")
		p.keyword = strings.ToUpper(p.keyword)
		if p.keyword == "" || p.hasValue && p.value == "" {
			return errParamValue
		}
		for _, keyword := range seen {
			if keyword == p.keyword {
				return errParamDuplicate
			}
		}
		seen = append(seen, p.keyword)
		if err := f(p); err != nil {
			return err
		}
	}
	return nil
}
