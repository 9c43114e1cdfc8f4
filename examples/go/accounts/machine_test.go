package accounts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestMembersAreThoseOfBothFilesOnce(t *testing.T) {
	ada := User{Name: "ada", GID: 100}
	bo := User{Name: "bo", GID: 27}
	cy := User{Name: "cy", GID: 27}
	users := Group{Name: "users", GID: 100}
	sudo := Group{Name: "sudo", GID: 27, Members: []string{"ada", "ghost", "bo"}}
	empty := Group{Name: "empty", GID: 5}
	m := NewMachine([]User{ada, bo, cy}, []Group{users, sudo, empty})

	tests := []struct {
		group Group
		want  []Member
	}{
		{users, []Member{{ada, true}}},
		{sudo, []Member{{bo, true}, {cy, true}, {ada, false}}},
		{empty, nil},
	}
	for _, tt := range tests {
		t.Run(tt.group.Name, func(t *testing.T) {
			if got := m.Members(tt.group); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	if got, want := m.Strangers(), []Stranger{{"sudo", "ghost"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("strangers %+v, want %+v", got, want)
	}
}

func TestOpen(t *testing.T) {
	passwd := write(t, "ada:x:1000:100:::\n")
	group := write(t, "users:x:100:\n")
	m, err := Open(passwd, group)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := m.Group("users"); !known || len(m.Users) != 1 {
		t.Errorf("got %+v", m)
	}

	if _, err := Open(passwd, filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	bad := write(t, "ada:x:1000\n")
	var line *LineError
	if _, err := Open(bad, group); !errors.As(err, &line) || line.File != bad || line.Line != 1 {
		t.Errorf("bad file: got %v", err)
	}
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
