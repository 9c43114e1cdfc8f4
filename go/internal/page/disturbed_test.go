package page_test

import (
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is a length-delimited field.
func field(number protowire.Number, value string) string {
	return string(protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), value))
}

// disturbed is data as no well-behaved writer would write it.
func disturbed(random *rand.Rand, data []byte) []byte {
	out := append([]byte(nil), data...)
	if len(out) == 0 {
		return []byte{byte(random.Uint32())}
	}
	at := random.IntN(len(out))
	switch random.IntN(6) {
	case 0: // a byte is another
		out[at] = byte(random.Uint32())
	case 1: // a bit is
		out[at] ^= 1 << random.IntN(8)
	case 2: // the end is missing
		out = out[:at]
	case 3: // everything comes twice
		out = append(out, data...)
	case 4: // something lies between
		out = append(out[:at:at], append(randomBytes(random), data[at:]...)...)
	case 5: // a length is huge
		out = append(out[:at:at], append([]byte{0xff, 0xff, 0xff, 0xff, 0x7f}, data[at:]...)...)
	}
	return out
}

func randomBytes(random *rand.Rand) []byte {
	out := make([]byte, 1+random.IntN(6))
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}
