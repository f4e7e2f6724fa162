package config

import (
	"bytes"
	"fmt"

	"github.com/pelletier/go-toml/v2"
)

// Example returns a configuration file with every setting, its default and
// what it is for. It parses to what Default returns.
func Example() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Mailstead's settings, each with its default. Leave out what you do not change.\n\n")
	if err := toml.NewEncoder(&b).SetArraysMultiline(false).Encode(Default()); err != nil {
		return nil, fmt.Errorf("config: writing the example: %w", err)
	}
	return b.Bytes(), nil
}
