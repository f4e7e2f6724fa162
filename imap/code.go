package imap

import (
	"strconv"
	"strings"
)

// A Code is the response code of a status response, without its brackets:
// a name, perhaps followed by a space and arguments (RFC 9051 §7.1).
type Code string

// Response codes without arguments.
const (
	CodeAlert                Code = "ALERT"
	CodeAlreadyExists        Code = "ALREADYEXISTS"
	CodeAuthenticationFailed Code = "AUTHENTICATIONFAILED"
	CodeAuthorizationFailed  Code = "AUTHORIZATIONFAILED"
	CodeBadComparator        Code = "BADCOMPARATOR" // RFC 5255 §4.9
	CodeCannot               Code = "CANNOT"
	CodeClientBug            Code = "CLIENTBUG"
	CodeClosed               Code = "CLOSED"
	CodeContactAdmin         Code = "CONTACTADMIN"
	CodeCorruption           Code = "CORRUPTION"
	CodeExpired              Code = "EXPIRED"
	CodeExpungeIssued        Code = "EXPUNGEISSUED"
	CodeHasChildren          Code = "HASCHILDREN"
	CodeInUse                Code = "INUSE"
	CodeLimit                Code = "LIMIT"
	CodeNoModSeq             Code = "NOMODSEQ"
	CodeNonExistent          Code = "NONEXISTENT"
	CodeNoPerm               Code = "NOPERM"
	CodeNotSaved             Code = "NOTSAVED"
	CodeOverQuota            Code = "OVERQUOTA"
	CodeParse                Code = "PARSE"
	CodePrivacyRequired      Code = "PRIVACYREQUIRED"
	CodeReadOnly             Code = "READ-ONLY"
	CodeReadWrite            Code = "READ-WRITE"
	CodeServerBug            Code = "SERVERBUG"
	CodeTooBig               Code = "TOOBIG"  // RFC 4469 §4.2, RFC 7889
	CodeTooFew               Code = "TOOFEW"  // RFC 10022
	CodeTooMany              Code = "TOOMANY" // RFC 10022
	CodeTryCreate            Code = "TRYCREATE"
	CodeUIDRequired          Code = "UIDREQUIRED" // RFC 9586 §3
	CodeUIDNotSticky         Code = "UIDNOTSTICKY"
	CodeUnavailable          Code = "UNAVAILABLE"
	CodeUnknownCTE           Code = "UNKNOWN-CTE"
	CodeUseAttr              Code = "USEATTR" // RFC 6154 §6
)

// CodeAppendUID returns the code of a successful APPEND (RFC 4315 §3).
func CodeAppendUID(d *AppendData) Code {
	b := strconv.AppendUint([]byte("APPENDUID "), uint64(d.UIDValidity), 10)
	return Code(d.UIDs.AppendTo(append(b, ' ')))
}

// CodeCopyUID returns the code of a successful COPY or MOVE (RFC 4315 §3).
func CodeCopyUID(d *CopyData) Code {
	b := strconv.AppendUint([]byte("COPYUID "), uint64(d.UIDValidity), 10)
	b = d.Source.AppendTo(append(b, ' '))
	return Code(d.Dest.AppendTo(append(b, ' ')))
}

// CodeModified returns the code that lists what a conditional STORE left alone
// (RFC 7162 §3.1.3): UIDs or sequence numbers, as the command had.
func CodeModified[N Num](s Set[N]) Code { return Code("MODIFIED " + s.String()) }

// CodeHighestModSeq returns the code with the mailbox's highest mod-sequence.
func CodeHighestModSeq(m ModSeq) Code {
	return Code(strconv.AppendUint([]byte("HIGHESTMODSEQ "), uint64(m), 10))
}

// CodeBadCharset returns the code that lists the charsets SEARCH understands.
func CodeBadCharset(charsets ...string) Code {
	if len(charsets) == 0 {
		return "BADCHARSET"
	}
	return Code("BADCHARSET (" + strings.Join(charsets, " ") + ")")
}

// CodeUndefinedFilter returns the code for a stored search that is not there
// (RFC 5466 §3.1).
func CodeUndefinedFilter(name string) Code { return Code("UNDEFINED-FILTER " + name) }

// CodeMessageLimit returns the code of a command that would have been about
// more than limit messages: lowest, if not zero, is the last UID that it went
// down to (RFC 9738 §3.1).
func CodeMessageLimit(limit uint32, lowest UID) Code {
	b := strconv.AppendUint([]byte("MESSAGELIMIT "), uint64(limit), 10)
	if lowest != 0 {
		b = strconv.AppendUint(append(b, ' '), uint64(lowest), 10)
	}
	return Code(b)
}

// CodeMailboxID returns the code with a mailbox's object id (RFC 8474 §4).
func CodeMailboxID(id string) Code { return Code("MAILBOXID (" + id + ")") }

// Codes of SETMETADATA (RFC 5464 §4.3).
const (
	CodeMetadataTooMany   Code = "METADATA TOOMANY"
	CodeMetadataNoPrivate Code = "METADATA NOPRIVATE"
)

// CodeMetadataMaxSize returns the code of a value that is larger than size
// bytes, which is what the server takes (RFC 5464 §4.3).
func CodeMetadataMaxSize(size int) Code { return Code("METADATA MAXSIZE " + strconv.Itoa(size)) }

// CodeMetadataLongEntries returns the code that tells the size of the largest
// value that GETMETADATA left out (RFC 5464 §4.2.1).
func CodeMetadataLongEntries(size int) Code {
	return Code("METADATA LONGENTRIES " + strconv.Itoa(size))
}

// Name returns the code's name in upper case.
func (c Code) Name() string {
	name, _, _ := strings.Cut(string(c), " ")
	return strings.ToUpper(name)
}

// Args returns what follows the name.
func (c Code) Args() string {
	_, args, _ := strings.Cut(string(c), " ")
	return args
}
