package accounts

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseGroup(t *testing.T) {
	tests := []struct {
		name  string
		lines string
		want  []Group
	}{
		{"nothing", "", nil},
		{"no members", "root:x:0:\n", []Group{{Name: "root"}}},
		{"one member", "sudo:x:27:ada\n", []Group{{Name: "sudo", GID: 27, Members: []string{"ada"}}}},
		{"several members", "sudo:x:27:ada,bo,zoë\n", []Group{{Name: "sudo", GID: 27, Members: []string{"ada", "bo", "zoë"}}}},
		{"empty entries", "g:x:1:,ada,,bo,\n", []Group{{Name: "g", GID: 1, Members: []string{"ada", "bo"}}}},
		{"a member twice", "g:x:1:ada,bo,ada\n", []Group{{Name: "g", GID: 1, Members: []string{"ada", "bo"}}}},
		{"blanks between members", "g:x:1: ada , bo\n", []Group{{Name: "g", GID: 1, Members: []string{"ada", "bo"}}}},
		{"two groups of one gid", "a:x:7:\nb:x:7:\n", []Group{{Name: "a", GID: 7}, {Name: "b", GID: 7}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseGroup(strings.NewReader(tt.lines), "group")
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestParseGroupNamesTheBadLine(t *testing.T) {
	tests := []struct {
		name  string
		lines string
		text  string
	}{
		{"a field missing", "root:x:0:\nsudo:x:27\n", "group:2: 3 fields, want 4"},
		{"a colon in the members", "sudo:x:27:ada:bo\n", "group:1: 5 fields, want 4"},
		{"no name", "root:x:0:\n\n:x:1:\n", "group:3: empty name"},
		{"gid not a number", "sudo:x:wheel:\n", `group:1: gid: strconv.ParseUint: parsing "wheel": invalid syntax`},
		{"a name twice", "sudo:x:27:\nsudo:x:28:\n", `group:2: second line for group "sudo"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseGroup(strings.NewReader(tt.lines), "group")
			var bad *LineError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a LineError", err)
			}
			if bad.Error() != tt.text {
				t.Errorf("got %q, want %q", bad, tt.text)
			}
		})
	}
}
