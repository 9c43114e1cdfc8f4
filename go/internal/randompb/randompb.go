// Package randompb fills messages for tests.
package randompb

import (
	"math/rand/v2"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDepth is how deep messages nest that contain themselves.
const maxDepth = 7

// Populate sets each field of a message, and of the messages in it, with a probability: 1 leaves nothing out. Below 1
// there are unknown fields as well.
func Populate(random *rand.Rand, message proto.Message, probability float64) {
	populate(random, message.ProtoReflect(), probability, 0)
}

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
			message.SetUnknown(protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), "unknown"))
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
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(random.Uint32())
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(random.Uint64()))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(int64(random.Uint64()))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(random.NormFloat64())
	default:
		panic("randompb knows no " + field.Kind().String())
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
