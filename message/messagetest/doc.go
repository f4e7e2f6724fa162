// Package messagetest makes messages on which implementations of MIME can be held
// against each other: [Generate] builds one with all that mail has, [Mutate]
// breaks one, and [Outline] says in a line what package message makes of it.
package messagetest
