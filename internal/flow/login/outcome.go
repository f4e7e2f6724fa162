package login

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/sasl"
)

// admit lets an attempt through, after a pause if there were failures before,
// or refuses it as if the password were wrong.
func (e *Exchange) admit(ctx context.Context, name string) error {
	f := e.failures
	if f == nil {
		return nil
	}
	verdict := f.Check(e.remote, canonical(name))
	if verdict.Refused {
		e.service.Result("throttled")
		e.log.Warn("login not looked at after too many failures", "login", name)
		return sasl.ErrCredentials
	}
	if verdict.Delay <= 0 {
		return nil
	}
	pause := time.NewTimer(verdict.Delay)
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// canonical is the form of a login name by which failures are counted: one for
// all spellings of an address, or each would be worth guesses of its own.
func canonical(name string) string {
	a, err := address.Parse(name)
	if err != nil {
		return strings.ToLower(name)
	}
	return a.Canonical().String()
}

// finish notes how an attempt ended.
func (e *Exchange) finish(name string, account directory.Account, err error) error {
	switch {
	case err == nil:
		e.account, e.done = account, true
		if f := e.failures; f != nil {
			f.Succeed(canonical(name))
		}
		e.service.Result("ok")
		e.log.Info("login", "account", account.Address.String(), "tls", e.tls != nil)
	case isRefusal(err):
		if f := e.failures; f != nil {
			f.Fail(e.remote, canonical(name))
		}
		e.service.Result("refused")
		e.log.Info("login refused", "login", name, "reason", err)
	default:
		e.service.Result("error")
		e.log.Error("login failed", "login", name, "err", err)
	}
	return err
}

// isRefusal tells the client's mistakes from the server's failures.
func isRefusal(err error) bool {
	return errors.Is(err, sasl.ErrCredentials) || errors.Is(err, sasl.ErrAuthorization) ||
		errors.Is(err, sasl.ErrDisabled) || errors.Is(err, sasl.ErrMalformed)
}

// ipOf returns the IP address of a peer, the zero Addr if it has none.
func ipOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
