package message

// DecodeStructure reads what [Structure.AppendBinary] wrote. Strings share one
// copy of src; parts, parameters and addresses are allocated together. It
// returns [ErrStructure] for anything else.
func DecodeStructure(src []byte) (*Structure, error) {
	return new(StructureDecoder).Structure(src)
}

// DecodeParts is DecodeStructure without the envelope of the message itself,
// which is nil: it is most of the work where a message has few parts.
func DecodeParts(src []byte) (*Structure, error) {
	return new(StructureDecoder).Parts(src)
}

// DecodeEnvelope reads only the envelope from what [Structure.AppendBinary]
// wrote.
func DecodeEnvelope(src []byte) (*Envelope, error) {
	return new(StructureDecoder).Envelope(src)
}

// A StructureDecoder decodes one structure after the other into the same
// memory, for who looks at thousands and keeps none: FETCH of a mailbox is a
// fifth faster. What it returns is valid until its next call, except for
// strings, which stay. The zero value is ready.
type StructureDecoder struct {
	structure Structure
	envelope  Envelope
	parts     []Part
	children  []*Part
	params    []Param
	addresses []Address
}

// Structure is [DecodeStructure] into the decoder's memory.
func (m *StructureDecoder) Structure(src []byte) (*Structure, error) {
	d := decoder{in: string(src)}
	truncated, envLen := d.head()
	envEnd := d.pos + envLen
	envelope := m.rootEnvelope(&d)
	if d.pos != envEnd {
		d.fail()
	}
	return m.tree(&d, Structure{Truncated: truncated, Envelope: envelope})
}

// Parts is [DecodeParts] into the decoder's memory.
func (m *StructureDecoder) Parts(src []byte) (*Structure, error) {
	_, rest, truncated, ok := splitEnvelope(src)
	if !ok {
		return nil, ErrStructure
	}
	return m.tree(&decoder{in: string(rest)}, Structure{Truncated: truncated})
}

// Envelope is [DecodeEnvelope] into the decoder's memory.
func (m *StructureDecoder) Envelope(src []byte) (*Envelope, error) {
	envelope, _, _, ok := splitEnvelope(src)
	if !ok {
		return nil, ErrStructure
	}
	d := decoder{in: string(envelope)}
	e := m.rootEnvelope(&d)
	if d.failed || d.pos != len(d.in) {
		return nil, ErrStructure
	}
	return e, nil
}

// splitEnvelope returns the envelope and what follows it.
func splitEnvelope(src []byte) (envelope, rest []byte, truncated, ok bool) {
	var head [maxHead]byte
	d := decoder{in: string(head[:copy(head[:], src)])}
	truncated, n := d.head()
	if d.failed || n > len(src)-d.pos {
		return nil, nil, false, false
	}
	rest = src[d.pos:]
	return rest[:n], rest[n:], truncated, true
}

func (m *StructureDecoder) rootEnvelope(d *decoder) *Envelope {
	m.envelope = Envelope{}
	m.addresses = d.envelope(&m.envelope, m.addresses)
	return &m.envelope
}

// tree reads what follows the envelope.
func (m *StructureDecoder) tree(d *decoder, s Structure) (*Structure, error) {
	s.Size = d.offset()
	m.parts = zeroed(m.parts, d.count(partMin))
	m.params = zeroed(m.params, d.count(paramMin))
	m.children = zeroed(m.children, max(len(m.parts)-1, 0))
	d.parts, d.params, d.children = m.parts, m.params, m.children
	s.Root = d.part(0, 1)
	if d.failed || d.pos != len(d.in) || s.Root.End > s.Size {
		return nil, ErrStructure
	}
	m.structure = s
	return &m.structure, nil
}

// zeroed returns n zero values, in the memory of old if that is enough.
func zeroed[T any](old []T, n int) []T {
	if n > cap(old) {
		return make([]T, n)
	}
	old = old[:n]
	clear(old)
	return old
}

// The least octets that encode a thing: they bound how many of them a source of
// a given length may claim, and so what is allocated.
const (
	partMin    = 8
	paramMin   = 2
	addressMin = 4
	stringMin  = 1
)

// maxHead is how many octets stand before the envelope, at most.
const maxHead = 12

// maxOffset is the largest offset believed, far from overflow in sums.
const maxOffset = 1 << 56

// decoder reads numbers and strings. After the first failure it reads zeros.
type decoder struct {
	in     string
	pos    int
	failed bool
	// Not yet used:
	parts    []Part
	children []*Part
	params   []Param
}

func (d *decoder) fail() {
	d.failed = true
	d.pos = len(d.in)
}

func (d *decoder) head() (truncated bool, envLen int) {
	version, flags := d.byte(), d.byte()
	if version != codecVersion || flags > flagTruncated {
		d.fail()
	}
	n := d.uint()
	if n > maxOffset {
		d.fail()
		n = 0
	}
	return flags&flagTruncated != 0, int(n)
}

func (d *decoder) byte() byte {
	if d.pos >= len(d.in) {
		d.fail()
		return 0
	}
	d.pos++
	return d.in[d.pos-1]
}

func (d *decoder) uint() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		b := d.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	d.fail()
	return 0
}

// offset reads an offset or a length of part of a message.
func (d *decoder) offset() int64 {
	n := d.uint()
	if n > maxOffset {
		d.fail()
		return 0
	}
	return int64(n)
}

// count reads how many things follow, each of at least so many octets.
func (d *decoder) count(atLeast int) int {
	n := d.uint()
	if n > uint64((len(d.in)-d.pos)/atLeast) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) string() string {
	n := d.uint()
	if n&1 != 0 {
		if n >>= 1; n < uint64(len(commonStrings)) {
			return commonStrings[n]
		}
		d.fail()
		return ""
	}
	if n >>= 1; n > uint64(len(d.in)-d.pos) {
		d.fail()
		return ""
	}
	s := d.in[d.pos : d.pos+int(n)]
	d.pos += int(n)
	return s
}

func (d *decoder) strings() []string {
	list := make([]string, d.count(stringMin))
	for i := range list {
		list[i] = d.string()
	}
	return list
}

// takeParams reads parameters into the common slab.
func (d *decoder) takeParams() []Param {
	n := d.count(paramMin)
	if n == 0 {
		return nil
	}
	if n > len(d.params) {
		d.fail()
		return nil
	}
	list := d.params[:n:n]
	d.params = d.params[n:]
	for i := range list {
		list[i].Name = d.string()
		list[i].Value = d.string()
	}
	return list
}

// part reads a part and what is below it.
func (d *decoder) part(base int64, depth int) *Part {
	if len(d.parts) == 0 || depth > maxDepth+2 {
		d.fail()
		return new(Part)
	}
	p := &d.parts[0]
	d.parts = d.parts[1:]
	bits := d.uint()
	p.HeaderStart = base + d.offset()
	p.BodyStart = p.HeaderStart + d.offset()
	p.End = p.BodyStart + d.offset()
	p.Lines = d.offset()
	if p.End > maxOffset {
		d.fail()
	}
	p.Type, p.Subtype, p.Encoding = d.string(), d.string(), d.string()
	d.rare(p, bits)
	if bits&hasEnvelope != 0 {
		p.Envelope = new(Envelope)
		d.envelope(p.Envelope, nil)
	}
	if bits&hasChildren != 0 {
		d.childrenOf(p, depth)
	}
	return p
}

func (d *decoder) childrenOf(p *Part, depth int) {
	n := d.count(partMin)
	if n > len(d.children) {
		d.fail()
		return
	}
	p.Children, d.children = d.children[:0:n], d.children[n:]
	at := p.BodyStart
	for range n {
		child := d.part(at, depth+1)
		if d.failed {
			return
		}
		at = child.End
		p.Children = append(p.Children, child)
	}
	if at > p.End {
		d.fail()
	}
}

// rare reads the values that bits tells of.
func (d *decoder) rare(p *Part, bits uint64) {
	if bits&hasParams != 0 {
		p.Params = d.takeParams()
	}
	if bits&hasID != 0 {
		p.ID = d.string()
	}
	if bits&hasDescription != 0 {
		p.Description = d.string()
	}
	if bits&hasMD5 != 0 {
		p.MD5 = d.string()
	}
	if bits&hasDisposition != 0 {
		p.Disposition = d.string()
		p.DispositionParams = d.takeParams()
	}
	if bits&hasLanguage != 0 {
		p.Language = d.strings()
	}
	if bits&hasLocation != 0 {
		p.Location = d.string()
	}
}

// envelope reads e, with addresses in the memory of old if that is enough. It
// returns the memory that was taken.
func (d *decoder) envelope(e *Envelope, old []Address) []Address {
	flags := d.byte()
	all := zeroed(old, d.count(addressMin))
	slab := all
	for _, text := range e.texts() {
		*text = d.string()
	}
	for _, list := range e.lists(flags) {
		if list != nil {
			slab = d.addresses(list, slab)
		}
	}
	if flags&senderIsFrom != 0 {
		e.Sender = e.From
	}
	if flags&replyToIsFrom != 0 {
		e.ReplyTo = e.From
	}
	return all
}

// addresses reads a list into the start of slab and returns the rest of it.
func (d *decoder) addresses(list *[]Address, slab []Address) []Address {
	n := d.count(addressMin)
	if n > len(slab) {
		d.fail()
	}
	if n == 0 || d.failed {
		return slab
	}
	taken := slab[:n:n]
	for i := range taken {
		taken[i] = Address{Name: d.string(), Route: d.string(), Mailbox: d.string(), Host: d.string()}
	}
	*list = taken
	return slab[n:]
}
