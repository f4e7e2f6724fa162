package message

import "strings"

// maxParams bounds the parameters read from one field.
const maxParams = 200

// parseContentType splits a Content-Type value. All is empty if the value is
// not type/subtype at least, so that the defaults of RFC 2045 §5.2 apply.
func parseContentType(s string) (mediaType, subtype string, params []Param) {
	start := skipCFWS(s, 0)
	end := tokenEnd(s, start)
	slash := skipCFWS(s, end)
	if end == start || slash >= len(s) || s[slash] != '/' {
		return "", "", nil
	}
	subStart := skipCFWS(s, slash+1)
	subEnd := tokenEnd(s, subStart)
	if subEnd == subStart {
		return "", "", nil
	}
	return s[start:end], s[subStart:subEnd], joinContinuations(parseParams(s, subEnd))
}

// parseDisposition splits a Content-Disposition value (RFC 2183 §2).
func parseDisposition(s string) (disposition string, params []Param) {
	start := skipCFWS(s, 0)
	end := tokenEnd(s, start)
	if end == start {
		return "", nil
	}
	return s[start:end], joinContinuations(parseParams(s, end))
}

// parseLanguage splits a Content-Language value (RFC 3282 §2).
func parseLanguage(s string) []string {
	var tags []string
	for i := skipCFWS(s, 0); i < len(s) && len(tags) < maxParams; {
		end := tokenEnd(s, i)
		if end > i {
			tags = append(tags, s[i:end])
		} else {
			end++ // a comma, or garbage
		}
		i = skipCFWS(s, end)
	}
	return tags
}

// parseParams reads the parameters from index i on (RFC 2045 §5.1). It goes on
// after anything: it skips what is not a parameter up to the next semicolon.
func parseParams(s string, i int) []Param {
	var params []Param
	for len(params) < maxParams {
		i = skipCFWS(s, i)
		for i < len(s) && s[i] == ';' {
			i = skipCFWS(s, i+1)
		}
		if i >= len(s) {
			break
		}
		p, next, ok := parseParam(s, i)
		if ok {
			if params == nil {
				params = make([]Param, 0, 2)
			}
			params = append(params, p)
		} else if semi := strings.IndexByte(s[next:], ';'); semi >= 0 {
			next += semi
		} else {
			break
		}
		i = next
	}
	return params
}

// parseParam reads name=value at i and returns the index after it.
func parseParam(s string, i int) (p Param, next int, ok bool) {
	end := tokenEnd(s, i)
	eq := skipCFWS(s, end)
	if end == i || eq >= len(s) || s[eq] != '=' {
		return Param{}, max(end, i+1), false
	}
	p.Name = s[i:end]
	start := skipCFWS(s, eq+1)
	if start < len(s) && s[start] == '"' {
		p.Value, next = quotedValue(s, start)
	} else {
		p.Value, next = bareValue(s, start)
	}
	return p, next, true
}

// quotedValue reads the quoted-string at i. One that does not end goes up to
// the next semicolon.
func quotedValue(s string, i int) (value string, next int) {
	if end := quotedEnd(s, i); end >= 0 {
		return unquotePairs(s[i+1 : end-1]), end
	}
	next = len(s)
	if semi := strings.IndexByte(s[i:], ';'); semi >= 0 {
		next = i + semi
	}
	return trimSpace(s[i+1 : next]), next
}

// bareValue reads the value at i, which should be a token. Other characters are
// taken too, even spaces, as in name=My File.pdf, unless what follows the space
// looks like another parameter whose semicolon is missing.
func bareValue(s string, i int) (value string, next int) {
	start, end := i, i
	for i < len(s) && s[i] != ';' {
		if s[i] != ' ' && s[i] != '\t' && s[i] != '(' {
			i++
			end = i
			continue
		}
		after := skipCFWS(s, i)
		if after == i || isParamStart(s, after) {
			break
		}
		i = after
	}
	return s[start:end], i
}

// isParamStart tells whether name= stands at i.
func isParamStart(s string, i int) bool {
	end := tokenEnd(s, i)
	return end > i && end < len(s) && s[end] == '='
}

// rawParam returns the value of the first parameter with this name.
func rawParam(params []Param, name string) string {
	for _, p := range params {
		if strings.EqualFold(p.Name, name) {
			return p.Value
		}
	}
	return ""
}
