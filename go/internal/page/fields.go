package page

import "google.golang.org/protobuf/encoding/protowire"

// The wire types that are known here. A tag is a field's number << 3 | its type.
const (
	number = byte(protowire.VarintType)
	length = byte(protowire.BytesType)
)

// field takes the first field of a message apart: into its tag, as one byte, its value, without its length or still
// encoded as a varint, and what comes behind it. What it does not know (a tag of more bytes than one, another wire type,
// damage) has tag 0, which no field has, and ends the message. So has the end of a message.
func field(message []byte) (tag byte, value, rest []byte) {
	if len(message) >= 2 && message[0]&0x87 == length {
		if end := 2 + int(message[1]); message[1] < 0x80 && end <= len(message) {
			return message[0], message[2:end], message[end:]
		}
	}
	return longField(message)
}

func longField(message []byte) (tag byte, value, rest []byte) {
	if len(message) == 0 {
		return 0, nil, nil
	}
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

// varint is the number that the value of a field stands for.
func varint(value []byte) uint64 {
	number, _ := protowire.ConsumeVarint(value)
	return number
}

func boolean(value []byte) bool { return protowire.DecodeBool(varint(value)) }
