package messagetest

import (
	"bytes"
	"math/rand/v2"
	"slices"
)

// Mutate returns a message with a few things wrong: lines lost, doubled, moved or
// cut, an end that is missing, boundaries of others, line ends of other systems,
// octets changed.
func Mutate(r *rand.Rand, data []byte) []byte {
	data = slices.Clone(data)
	for range 1 + r.IntN(3) {
		if len(data) == 0 {
			break
		}
		data = mutateOnce(r, data)
	}
	return data
}

func mutateOnce(r *rand.Rand, data []byte) []byte {
	lines := bytes.SplitAfter(data, []byte("\n"))
	i, j := r.IntN(len(lines)), r.IntN(len(lines))
	switch r.IntN(9) {
	case 0: // lost
		lines = slices.Delete(lines, i, i+1)
	case 1: // doubled
		lines = slices.Insert(lines, j, lines[i])
	case 2: // moved
		lines[i], lines[j] = lines[j], lines[i]
	case 3: // no end
		return data[:r.IntN(len(data))]
	case 4: // another line end
		lines[i] = append(bytes.TrimRight(lines[i], "\r\n"), []string{"\n", "\r", "\r\r\n", " \r\n", "\n\r\n"}[r.IntN(5)]...)
	case 5: // line ends of another system
		return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	case 6: // octets
		data[r.IntN(len(data))] = byte(r.IntN(256))
		return data
	case 7: // cut
		lines[i] = lines[i][:r.IntN(len(lines[i])+1)]
	case 8: // a line that looks like something
		line := []string{"--b0\r\n", "--b0--\r\n", "--b1\r\n", "--\r\n", "Content-Type: multipart/mixed; boundary=b1\r\n", "Content-Type: text/plain\r\n", "no colon\r\n", " folded\r\n", "\r\n", "From x\r\n", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n"}[r.IntN(11)]
		lines = slices.Insert(lines, i, []byte(line))
	}
	return slices.Concat(lines...)
}
