// Package inbound decides what becomes of a stranger's message: may this
// recipient have it? Facts are gathered in one place and judged in another, and
// the verdict is a value; nobody else decides.
package inbound
