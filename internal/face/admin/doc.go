// Package admin is how the command line steers a running server: HTTP and JSON
// over a unix socket in the data folder, which only the folder's owner can
// open. [API] is the server's side, [Client] the command line's.
//
// The socket is made in a folder with mode 0700 and has mode 0600 itself; who
// can open it could as well open the store. There is no other authentication
// and the API never listens on a network.
//
// Nothing answers with a password or a hash.
package admin
