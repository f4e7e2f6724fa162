// Package clienttest drives the built binary from outside:
//
//   - with real mail clients from Debian's packages, as a user would (swaks,
//     curl, mbsync, offlineimap, imapfilter, mutt, fetchmail, getmail, mpop and
//     openssl; what they bring is compared by hash with what was sent);
//
//   - beside other mail servers: the files peer_*_test.go start Postfix and Exim
//     on ports of their own and with all they write in a folder of their own, for
//     which they must be root or have sudo; the files relay_*_test.go send mail
//     both ways;
//
//   - with what no client should say (the files hostile_*_test.go: wrong commands,
//     smuggling, injection at STARTTLS, abuse of memory and time, stops and starts
//     at bad moments; diskfull_test.go: a disk without room, for which it mounts a
//     small one and must be root or have sudo);
//
//   - with more than it can bear (the files load_*_test.go: crowds, floods, slow
//     clients, deaf clients, no file descriptors left).
//
//   - beside other parsers and judges: mime_test.go holds our reading of messages
//     against that of Python, testssl_test.go has testssl.sh look at each listener.
//
// Its tests have the build tag clients and run in `make test`, which installs
// the clients and servers; a missing one is a failure. They are the only tests
// that need anything besides Go.
package clienttest
