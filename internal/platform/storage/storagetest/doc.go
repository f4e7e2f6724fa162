// Package storagetest is the suite that every storage engine has to pass. It
// says in code what the comments of package storage say in words, and checks
// random operations against a plain map.
//
// An engine's test calls [Run] with a function that opens an empty store.
package storagetest
