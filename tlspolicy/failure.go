package tlspolicy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// A ResultType names a kind of failure in a report (RFC 8460 §4.3).
type ResultType string

// The result types.
const (
	STARTTLSNotSupported    ResultType = "starttls-not-supported"
	CertificateHostMismatch ResultType = "certificate-host-mismatch"
	CertificateExpired      ResultType = "certificate-expired"
	CertificateNotTrusted   ResultType = "certificate-not-trusted"
	ValidationFailure       ResultType = "validation-failure"
	TLSAInvalid             ResultType = "tlsa-invalid"
	DNSSECInvalid           ResultType = "dnssec-invalid"
	DANERequired            ResultType = "dane-required"
	STSPolicyFetchError     ResultType = "sts-policy-fetch-error"
	STSPolicyInvalid        ResultType = "sts-policy-invalid"
	STSWebPKIInvalid        ResultType = "sts-webpki-invalid"
)

// A Failure is an error with its place in a report.
type Failure struct {
	Type ResultType
	Err  error
}

// Error returns the type and the cause.
func (f Failure) Error() string {
	if f.Err == nil {
		return string(f.Type)
	}
	return string(f.Type) + ": " + f.Err.Error()
}

// Unwrap returns the cause.
func (f Failure) Unwrap() error { return f.Err }

// ResultOf returns the result type of any error of a TLS connection.
func ResultOf(err error) ResultType {
	var (
		failure Failure
		invalid x509.CertificateInvalidError
		host    x509.HostnameError
		unknown x509.UnknownAuthorityError
		verify  *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &failure):
		return failure.Type
	case errors.As(err, &host):
		return CertificateHostMismatch
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CertificateExpired
	case errors.As(err, &unknown), errors.As(err, &verify), errors.As(err, &invalid):
		return CertificateNotTrusted
	}
	return ValidationFailure
}
