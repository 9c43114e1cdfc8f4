package page

import (
	"encoding/binary"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// The wire types that are known here. A tag is a field's number << 3 | its type.
const (
	number = byte(protowire.VarintType)
	length = byte(protowire.BytesType)
)

// fields walks a message: while there is more, take the tag, then the value. What it cannot take sets odd and ends it.
type fields struct {
	rest  []byte
	odd   *bool
	ascii bool // all of it is, so that no string has to be looked at
}

func (f *fields) more() bool { return len(f.rest) > 0 }

// tag is the field's number and wire type as one byte. One that is written in more bytes than one is no tag that a
// caller knows.
func (f *fields) tag() byte {
	tag := f.rest[0]
	f.rest = f.rest[1:]
	return tag
}

// end gives up the message.
func (f *fields) end() {
	*f.odd = true
	f.rest = nil
}

// bytes takes a length and as many bytes. They lie in the page.
func (f *fields) bytes() []byte {
	if len(f.rest) > 0 && f.rest[0] < 0x80 {
		if end := int(f.rest[0]) + 1; end <= len(f.rest) {
			value := f.rest[1:end:end]
			f.rest = f.rest[end:]
			return value
		}
	}
	return f.longBytes()
}

func (f *fields) longBytes() []byte {
	value, n := protowire.ConsumeBytes(f.rest)
	if n < 0 {
		f.end()
		return nil
	}
	f.rest = f.rest[n:]
	return value[:len(value):len(value)]
}

// text takes a string, which lies in the page.
func (f *fields) text() string {
	value := f.bytes()
	if !f.ascii && !utf8.Valid(value) {
		f.end()
		return ""
	}
	return unsafe.String(unsafe.SliceData(value), len(value))
}

// isASCII is whether all bytes are: eight at a time, where utf8.Valid looks at each string by itself.
func isASCII(data []byte) bool {
	var seen uint64
	for len(data) >= 8 {
		seen |= binary.LittleEndian.Uint64(data)
		data = data[8:]
	}
	for _, b := range data {
		seen |= uint64(b)
	}
	return seen&0x8080808080808080 == 0
}

func (f *fields) varint() uint64 {
	value, n := protowire.ConsumeVarint(f.rest)
	if n < 0 {
		f.end()
		return 0
	}
	f.rest = f.rest[n:]
	return value
}

func (f *fields) bool() bool { return protowire.DecodeBool(f.varint()) }

// once is whether a part of a message comes for the first time. What comes later is to be merged into it, which is not
// done here.
func (f *fields) once(first bool) bool {
	if !first {
		f.end()
	}
	return first
}
