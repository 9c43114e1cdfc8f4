package c1z

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxQuoted is the most bytes of an id that a message shows, as in the library's own messages.
const maxQuoted = 96

// unencodable is why a request cannot be encoded. protobuf says that some text is not UTF-8, but neither which nor whose.
func unencodable(err error, request proto.Message) error {
	message := request.ProtoReflect()
	if list := message.Descriptor().Fields().ByName("list"); list != nil && list.IsList() && list.Message() != nil {
		rows := message.Get(list).List()
		for i := range rows.Len() {
			if text := unencodableRow(i, rows.Get(i).Message()); text != "" {
				return invalidArgument(text)
			}
		}
	}
	if path := badText(message); path != "" {
		return invalidArgument(fmt.Sprintf("request %s: field %s is not UTF-8", message.Descriptor().Name(), path))
	}
	return invalidArgument(err.Error())
}

// unencodableRows is unencodable for a request with these rows.
func unencodableRows[Row any](err error, rows []*Row) error {
	for i, row := range rows {
		if row, ok := any(row).(proto.Message); ok {
			if text := unencodableRow(i, row.ProtoReflect()); text != "" {
				return invalidArgument(text)
			}
		}
	}
	return invalidArgument(err.Error())
}

// unencodableRow names a row by its place in the call and its id, as the library does; it is empty for one that can be
// encoded.
func unencodableRow(index int, row protoreflect.Message) string {
	path := badText(row)
	if path == "" {
		return ""
	}
	noun, id := named(row.Interface())
	return fmt.Sprintf("%s %d of the call, %s, cannot be read: field %s is not UTF-8", noun, index, quoted(id), path)
}

// named is what people call a row.
func named(row proto.Message) (noun, id string) {
	switch row := row.(type) {
	case *v2.ResourceType:
		return "resource type", row.GetId()
	case *v2.Resource:
		return "resource", row.GetId().GetResourceType() + ":" + row.GetId().GetResource()
	case *v2.Entitlement:
		return "entitlement", row.GetId()
	case *v2.Grant:
		return "grant", row.GetId()
	default:
		return string(row.ProtoReflect().Descriptor().Name()), ""
	}
}

func quoted(id string) string {
	if len(id) <= maxQuoted {
		return strconv.Quote(id)
	}
	end := maxQuoted
	for end > 0 && !utf8.RuneStart(id[end]) {
		end--
	}
	cut := strconv.Quote(id[:end])
	return cut[:len(cut)-1] + "…\""
}

// badText is the way to the first text of a message that is not UTF-8, by the names of fields; empty if all is.
func badText(message protoreflect.Message) string {
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !message.Has(field) {
			continue
		}
		if path := badTextOf(field, message.Get(field)); path != "" {
			return path
		}
	}
	return ""
}

func badTextOf(field protoreflect.FieldDescriptor, value protoreflect.Value) (path string) {
	name := string(field.Name())
	switch {
	case field.IsMap():
		value.Map().Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
			if path = badValue(field.MapKey(), key.Value(), name+".key"); path == "" {
				path = badValue(field.MapValue(), value, name+".value")
			}
			return path == ""
		})
		return path
	case field.IsList():
		list := value.List()
		for i := range list.Len() {
			if path = badValue(field, list.Get(i), fmt.Sprintf("%s[%d]", name, i)); path != "" {
				return path
			}
		}
		return ""
	default:
		return badValue(field, value, name)
	}
}

func badValue(field protoreflect.FieldDescriptor, value protoreflect.Value, name string) string {
	switch {
	case field.Kind() == protoreflect.StringKind && !utf8.ValidString(value.String()):
		return name
	case field.Message() != nil:
		if path := badText(value.Message()); path != "" {
			return name + "." + path
		}
	}
	return ""
}
