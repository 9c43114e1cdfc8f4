package page

import "google.golang.org/protobuf/encoding/protowire"

// The wire types that are known here. A tag is a field's number << 3 | its type.
const (
	number = byte(protowire.VarintType)
	length = byte(protowire.BytesType)
)

// short takes the first field of a message apart: into its tag, as one byte, its value, without its length, and what
// comes behind it. It knows fields of less than 128 bytes alone, so that the compiler has it in place of a call.
func short(message []byte) (tag byte, value, rest []byte, ok bool) {
	if len(message) >= 2 && message[0]&0x87 == length {
		if end := 2 + int(message[1]); message[1] < 0x80 && end <= len(message) {
			return message[0], message[2:end], message[end:], true
		}
	}
	return 0, nil, nil, false
}

// long is short for any field that is known here; a varint stays encoded. What is not (a tag of more bytes than one,
// another wire type, damage) has tag 0, which no field has, and ends the message, which is not empty.
func long(message []byte) (tag byte, value, rest []byte) {
	tag, message = message[0], message[1:]
	n := -1
	switch tag & 0x87 {
	case length:
		value, n = protowire.ConsumeBytes(message)
	case number:
		_, n = protowire.ConsumeVarint(message)
		value = message[:max(n, 0)]
	}
	if n < 0 {
		return 0, nil, nil
	}
	return tag, value, message[n:]
}

// field is either.
func field(message []byte) (tag byte, value, rest []byte) {
	if tag, value, rest, ok := short(message); ok {
		return tag, value, rest
	}
	return long(message)
}

// varint is the number that the value of a field stands for.
func varint(value []byte) uint64 {
	number, _ := protowire.ConsumeVarint(value)
	return number
}

func boolean(value []byte) bool { return protowire.DecodeBool(varint(value)) }
