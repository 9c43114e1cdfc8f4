package accounts

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParsePasswd(t *testing.T) {
	tests := []struct {
		name  string
		lines string
		want  []User
	}{
		{"nothing", "", nil},
		{"one account", "root:x:0:0:root:/root:/bin/bash\n", []User{
			{Name: "root", Gecos: "root", Home: "/root", Shell: "/bin/bash"},
		}},
		{"no newline at the end", "a:x:1:2:::", []User{{Name: "a", UID: 1, GID: 2}}},
		{"blank lines and comments", "\n# people\n  \na:x:1:2:::\n", []User{{Name: "a", UID: 1, GID: 2}}},
		{"gecos with commas and other letters", "zoë:x:1000:100:Zoë 佐藤,Room 7,,:/home/zoë:/bin/sh\n", []User{
			{Name: "zoë", UID: 1000, GID: 100, Gecos: "Zoë 佐藤,Room 7,,", Home: "/home/zoë", Shell: "/bin/sh"},
		}},
		{"the largest uid", "a:x:4294967295:4294967295:::\n", []User{{Name: "a", UID: 4294967295, GID: 4294967295}}},
		{"two accounts of one uid", "root:x:0:0:::\ntoor:x:0:0:::\n", []User{{Name: "root"}, {Name: "toor"}}},
		{"bytes that are not UTF-8", "a:x:1:2:Ren\xe9e::\n", []User{{Name: "a", UID: 1, GID: 2, Gecos: "Ren\uFFFDe"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePasswd(strings.NewReader(tt.lines), "passwd")
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestParsePasswdNamesTheBadLine(t *testing.T) {
	const good = "root:x:0:0:root:/root:/bin/bash\n"
	tests := []struct {
		name  string
		lines string
		line  int
		text  string
	}{
		{"a field missing", good + "a:x:1:2::\n", 2, "passwd:2: 6 fields, want 7"},
		{"a field too many", good + "\n# c\na:x:1:2:::/bin/sh:\n", 4, "passwd:4: 8 fields, want 7"},
		{"no name", ":x:1:2:::\n", 1, "passwd:1: empty name"},
		{"uid not a number", "a:x:one:2:::\n", 1, `passwd:1: uid: strconv.ParseUint: parsing "one": invalid syntax`},
		{"uid too large", "a:x:4294967296:2:::\n", 1, `passwd:1: uid: strconv.ParseUint: parsing "4294967296": value out of range`},
		{"negative gid", "a:x:1:-2:::\n", 1, `passwd:1: gid: strconv.ParseUint: parsing "-2": invalid syntax`},
		{"an NIS entry", good + "+::::::\n", 2, `passwd:2: uid: strconv.ParseUint: parsing "": invalid syntax`},
		{"a name twice", good + "root:x:1:1:::\n", 2, `passwd:2: second line for user "root"`},
		{"no line at all", good + strings.Repeat("x", longestLine+1), 2, "passwd:2: bufio.Scanner: token too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			users, err := ParsePasswd(strings.NewReader(tt.lines), "passwd")
			var bad *LineError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a LineError", err)
			}
			if bad.Line != tt.line || bad.Error() != tt.text {
				t.Errorf("got line %d, %q; want line %d, %q", bad.Line, bad, tt.line, tt.text)
			}
			if users != nil {
				t.Errorf("got %v beside the error", users)
			}
		})
	}
}

func TestUser(t *testing.T) {
	tests := []struct {
		user                        User
		fullName                    string
		superuser, system, disabled bool
	}{
		{User{Name: "root", Gecos: "root", Shell: "/bin/sh"}, "root", true, true, false},
		{User{Name: "toor", Gecos: "Bourne-again Superuser"}, "Bourne-again Superuser", true, true, false},
		{User{Name: "daemon", UID: 1, Shell: "/usr/sbin/nologin"}, "daemon", false, true, true},
		{User{Name: "metrics", UID: 999, Shell: "/bin/false"}, "metrics", false, true, true},
		{User{Name: "ada", UID: 1000, Gecos: "Ada Byron,Room 1,,"}, "Ada Byron", false, false, false},
		{User{Name: "łukasz", UID: 1001, Gecos: "& Nowak"}, "Łukasz Nowak", false, false, false},
		{User{Name: "eve", UID: 1002, Gecos: " ,Room 2", Shell: "/sbin/nologin"}, "eve", false, false, true},
		{User{Name: "nobody", UID: 65534}, "nobody", false, true, false},
		{User{Name: "nfsnobody", UID: 4294967294}, "nfsnobody", false, true, false},
		{User{Name: "guest", UID: 4294967293}, "guest", false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.user.Name, func(t *testing.T) {
			if got := tt.user.FullName(); got != tt.fullName {
				t.Errorf("full name %q, want %q", got, tt.fullName)
			}
			if got := tt.user.Superuser(); got != tt.superuser {
				t.Errorf("superuser %v, want %v", got, tt.superuser)
			}
			if got := tt.user.System(); got != tt.system {
				t.Errorf("system %v, want %v", got, tt.system)
			}
			if got := tt.user.Disabled(); got != tt.disabled {
				t.Errorf("disabled %v, want %v", got, tt.disabled)
			}
		})
	}
}
