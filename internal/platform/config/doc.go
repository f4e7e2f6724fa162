// Package config reads Mailstead's configuration: one TOML file, strict.
//
// [Load] reports every problem of a file at once, each with its line: keys
// that do not exist, values of the wrong type, and values that make no sense.
// It does so by handing the decoder one expression of the file at a time, so
// that one mistake does not hide the next. What a section means is checked by
// its Check method, beside the section.
//
// [Default] has the value of every setting that a file leaves out, and
// [Example] prints all of them with a comment. Nothing else in Mailstead reads
// the file; nothing but cmd reads flags and environment.
package config
