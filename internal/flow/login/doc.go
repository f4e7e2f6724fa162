// Package login is how a client of any protocol proves who it is: it joins the
// mechanisms of package sasl to the credentials of the directory.
//
// A [Service] serves all connections; an [Exchange] is one connection's
// attempts. After a mechanism or a password has succeeded, the exchange knows
// the account.
package login
