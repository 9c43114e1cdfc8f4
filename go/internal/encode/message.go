package encode

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// message is a message that grows at its end.
type message struct{ data []byte }

// begin starts a part, whose length is not known before its end. One byte is reserved for it.
func (m *message) begin(field protowire.Number) (start int) {
	m.data = protowire.AppendTag(m.data, field, protowire.BytesType)
	m.data = append(m.data, 0)
	return len(m.data)
}

// end fills in the length of the part that began at start; one of 128 bytes or more is moved to make room.
func (m *message) end(start int) {
	size := len(m.data) - start
	if size < 0x80 {
		m.data[start-1] = byte(size)
		return
	}
	var zeros [9]byte
	more := protowire.SizeVarint(uint64(size)) - 1
	m.data = append(m.data, zeros[:more]...)
	copy(m.data[start+more:], m.data[start:start+size])
	protowire.AppendVarint(m.data[:start-1], uint64(size))
}

// text appends a string unless it is empty, which is the default.
func (m *message) text(field protowire.Number, text string) {
	if text != "" {
		m.data = protowire.AppendTag(m.data, field, protowire.BytesType)
		m.data = protowire.AppendString(m.data, text)
	}
}

// texts appends a list of strings, empty ones too.
func (m *message) texts(field protowire.Number, texts []string) {
	for _, text := range texts {
		m.data = protowire.AppendTag(m.data, field, protowire.BytesType)
		m.data = protowire.AppendString(m.data, text)
	}
}

// bool appends a truth value unless it is false.
func (m *message) bool(field protowire.Number, value bool) {
	if value {
		m.number(field, 1)
	}
}

// number appends an integer or an enum unless it is zero.
func (m *message) number(field protowire.Number, number int64) {
	if number != 0 {
		m.data = protowire.AppendTag(m.data, field, protowire.VarintType)
		m.data = protowire.AppendVarint(m.data, uint64(number))
	}
}
