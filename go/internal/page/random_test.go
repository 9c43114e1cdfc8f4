package page_test

import (
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDepth is how deep populate goes where messages contain themselves.
const maxDepth = 7

// field is a length-delimited field.
func field(number protowire.Number, value string) string {
	return string(protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), value))
}

// populate sets each field of a message, and of the messages in it, with a probability; nothing is left out with 1.
func populate(random *rand.Rand, message protoreflect.Message, probability float64, depth int) {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if random.Float64() >= probability || depth > maxDepth {
			continue
		}
		switch {
		case field.IsMap():
			entries := message.Mutable(field).Map()
			for range 1 + random.IntN(3) {
				value := entries.NewValue()
				if field.MapValue().Message() != nil {
					populate(random, value.Message(), probability, depth+1)
				} else {
					value = scalar(random, field.MapValue())
				}
				entries.Set(scalar(random, field.MapKey()).MapKey(), value)
			}
		case field.IsList():
			list := message.Mutable(field).List()
			for range 1 + random.IntN(3) {
				if field.Message() != nil {
					populate(random, list.AppendMutable().Message(), probability, depth+1)
				} else {
					list.Append(scalar(random, field))
				}
			}
		case field.Message() != nil:
			populate(random, message.Mutable(field).Message(), probability, depth+1)
		default:
			message.Set(field, scalar(random, field))
		}
	}
	if random.Float64() > probability {
		number := protowire.Number(1 + random.IntN(40))
		if fields.ByNumber(number) == nil {
			message.SetUnknown([]byte(field(number, "unknown")))
		}
	}
}

// scalar is a value of a field, the default now and then.
func scalar(random *rand.Rand, field protoreflect.FieldDescriptor) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(text(random))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(text(random)))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(random.IntN(2) == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(random.IntN(8) - 1))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(random.Uint64()))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(int64(random.Uint64()))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(random.NormFloat64())
	default:
		panic("populate knows no " + field.Kind().String())
	}
}

// text has all lengths that matter to a length's encoding.
func text(random *rand.Rand) string {
	letters := []rune("abcdefgh:/ñ💾")
	out := make([]rune, []int{0, 1, 3, 10, 127, 128, 300}[random.IntN(7)])
	for i := range out {
		out[i] = letters[random.IntN(len(letters))]
	}
	return string(out)
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
