package c1z_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	_ "github.com/conductorone/baton-sdk/pb/c1/c1z/v1"
	_ "github.com/conductorone/baton-sdk/pb/c1/c1z/v3"
	_ "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	_ "github.com/conductorone/baton-sdk/pb/c1/reader/v2"
	_ "github.com/conductorone/baton-sdk/pb/c1/reader/v3"
	_ "github.com/conductorone/baton-sdk/pb/c1/storage/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// TestSchemaIsTheSDKs compares the library's compiled schema (a FileDescriptorSet in the file that C1Z_DESCRIPTORS
// names) with the SDK's, message by message.
func TestSchemaIsTheSDKs(t *testing.T) {
	checked := 0
	for file := range ourFiles(t) {
		if !strings.HasPrefix(file.Path(), "c1/") {
			continue // The library's own requests, or Google's types.
		}
		checked++
		t.Run(file.Path(), func(t *testing.T) {
			theirs, err := protoregistry.GlobalFiles.FindFileByPath(file.Path())
			if err != nil {
				t.Fatalf("the SDK has no such file: %v", err)
			}
			if file.Package() != theirs.Package() || file.Syntax() != theirs.Syntax() {
				t.Errorf("package %s, %s; the SDK's is %s, %s", file.Package(), file.Syntax(), theirs.Package(), theirs.Syntax())
			}
			compare(t, theirs, withoutPrivate(facts(file), file.Messages()), facts(theirs))
		})
	}
	if checked == 0 {
		t.Fatal("the descriptor set holds no file under c1/")
	}
}

// TestStorageSchemaIsComplete holds the records to the SDK's in the other direction too: a field that the SDK has
// and the library has not would be lost when a file of the SDK's is rewritten.
func TestStorageSchemaIsComplete(t *testing.T) {
	for file := range ourFiles(t) {
		if !strings.HasPrefix(file.Path(), "c1/storage/") && !strings.HasPrefix(file.Path(), "c1/c1z/v3/") {
			continue
		}
		theirs, err := protoregistry.GlobalFiles.FindFileByPath(file.Path())
		if err != nil {
			t.Fatalf("%s: the SDK has no such file: %v", file.Path(), err)
		}
		ours := facts(file)
		for name := range facts(theirs) {
			if _, ok := ours[name]; !ok {
				t.Errorf("%s: the library has no %s", file.Path(), name)
			}
		}
	}
}

// firstPrivate is the least number of a field that the library adds to a message of the SDK's, which ignores it
// (docs/format.md). If the SDK gives such a number to a
// field of its own, TestStorageSchemaIsComplete tells.
const firstPrivate = 1000

// withoutPrivate is ours without the library's private fields.
func withoutPrivate(ours map[string]string, messages protoreflect.MessageDescriptors) map[string]string {
	for i := range messages.Len() {
		message := messages.Get(i)
		for j := range message.Fields().Len() {
			if field := message.Fields().Get(j); field.Number() >= firstPrivate {
				delete(ours, string(field.FullName()))
			}
		}
		withoutPrivate(ours, message.Messages())
	}
	return ours
}

func ourFiles(t *testing.T) func(yield func(protoreflect.FileDescriptor) bool) {
	t.Helper()
	path := os.Getenv("C1Z_DESCRIPTORS")
	if path == "" {
		t.Fatal("C1Z_DESCRIPTORS is not set: it names the descriptors.bin that the library's build writes")
	}
	encoded, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(encoded, &set); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return files.RangeFiles
}

// compare reports each fact of ours that the SDK's file does not state in the same way.
func compare(t *testing.T, file protoreflect.FileDescriptor, ours, theirs map[string]string) {
	t.Helper()
	for name, fact := range ours {
		if other, ok := theirs[name]; !ok {
			t.Errorf("%s is not in the SDK's %s", name, file.Path())
		} else if fact != other {
			t.Errorf("%s\n  is    %s\n  in the SDK %s", name, fact, other)
		}
	}
}

// facts maps each name that a file declares to all that matters on the wire and in generated code.
func facts(file protoreflect.FileDescriptor) map[string]string {
	found := map[string]string{}
	addMessages(found, file.Messages())
	addEnums(found, file.Enums())
	for i := range file.Extensions().Len() {
		extension := file.Extensions().Get(i)
		found[string(extension.FullName())] = fmt.Sprintf("extends %s: %s", extension.ContainingMessage().FullName(), fieldFact(extension))
	}
	for i := range file.Services().Len() {
		methods := file.Services().Get(i).Methods()
		for j := range methods.Len() {
			method := methods.Get(j)
			found[string(method.FullName())] = fmt.Sprintf("(%s, stream %t) returns (%s, stream %t)",
				method.Input().FullName(), method.IsStreamingClient(), method.Output().FullName(), method.IsStreamingServer())
		}
	}
	return found
}

func addMessages(found map[string]string, messages protoreflect.MessageDescriptors) {
	for i := range messages.Len() {
		message := messages.Get(i)
		found[string(message.FullName())] = fmt.Sprintf("message, map entry %t, reserved %v %v",
			message.IsMapEntry(), ranges(message.ReservedRanges()), names(message.ReservedNames()))
		for j := range message.Fields().Len() {
			field := message.Fields().Get(j)
			found[string(field.FullName())] = fieldFact(field)
		}
		addMessages(found, message.Messages())
		addEnums(found, message.Enums())
	}
}

func addEnums(found map[string]string, enums protoreflect.EnumDescriptors) {
	for i := range enums.Len() {
		enum := enums.Get(i)
		found[string(enum.FullName())] = fmt.Sprintf("enum, closed %t", enum.IsClosed())
		for j := range enum.Values().Len() {
			value := enum.Values().Get(j)
			// Values are siblings of their enum, so its name tells apart equal ones.
			found[fmt.Sprintf("%s.%s", enum.FullName(), value.Name())] = fmt.Sprintf("= %d%s", value.Number(),
				deprecated(value.Options().(*descriptorpb.EnumValueOptions)))
		}
	}
}

func fieldFact(field protoreflect.FieldDescriptor) string {
	kind := field.Kind().String()
	if message := field.Message(); message != nil {
		kind += " " + string(message.FullName())
	}
	if enum := field.Enum(); enum != nil {
		kind += " " + string(enum.FullName())
	}
	oneof := ""
	if in := field.ContainingOneof(); in != nil {
		oneof = fmt.Sprintf(", oneof %s, synthetic %t", in.Name(), in.IsSynthetic())
	}
	return fmt.Sprintf("= %d: %s %s, json %s, map %t, packed %t, presence %t%s%s", field.Number(), field.Cardinality(), kind,
		field.JSONName(), field.IsMap(), field.IsPacked(), field.HasPresence(), oneof,
		deprecated(field.Options().(*descriptorpb.FieldOptions)))
}

func deprecated(options interface{ GetDeprecated() bool }) string {
	if options.GetDeprecated() {
		return ", deprecated"
	}
	return ""
}

func ranges(fields protoreflect.FieldRanges) []string {
	var found []string
	for i := range fields.Len() {
		found = append(found, fmt.Sprint(fields.Get(i)))
	}
	slices.Sort(found)
	return found
}

func names(all protoreflect.Names) []string {
	var found []string
	for i := range all.Len() {
		found = append(found, string(all.Get(i)))
	}
	slices.Sort(found)
	return found
}
