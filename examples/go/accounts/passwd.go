package accounts

import (
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A User is one line of passwd(5). The password field is not kept: it is an "x" wherever shadow(5) is in use.
type User struct {
	Name  string
	UID   uint32
	GID   uint32 // the primary group
	Gecos string
	Home  string
	Shell string
}

// ParsePasswd reads the lines of a passwd(5) file. The name of the file is for errors only.
func ParsePasswd(r io.Reader, file string) ([]User, error) {
	var users []User
	seen := map[string]bool{}
	err := eachLine(r, file, 7, func(field []string) error {
		user := User{Name: field[0], Gecos: field[4], Home: field[5], Shell: field[6]}
		if seen[user.Name] {
			return fmt.Errorf("second line for user %q", user.Name)
		}
		seen[user.Name] = true
		var err error
		if user.UID, err = number("uid", field[2]); err != nil {
			return err
		}
		if user.GID, err = number("gid", field[3]); err != nil {
			return err
		}
		users = append(users, user)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return users, nil
}

// FullName is the first part of the gecos field, where "&" stands for the capitalised login name; the login name
// where there is none.
func (u User) FullName() string {
	name, _, _ := strings.Cut(u.Gecos, ",")
	name = strings.TrimSpace(strings.ReplaceAll(name, "&", capitalised(u.Name)))
	if name == "" {
		return u.Name
	}
	return name
}

// Superuser tells whether the kernel grants this account everything, whatever its name is.
func (u User) Superuser() bool { return u.UID == 0 }

// System tells accounts of daemons from those of people: login.defs(5) gives people uids from 1000 up, and 65534
// (4294967294 where uids once were signed) is nobody.
func (u User) System() bool {
	return u.UID < 1000 || u.UID == 65534 || u.UID == 4294967294
}

// Disabled tells whether a login ends before it began. An empty shell field means /bin/sh.
func (u User) Disabled() bool {
	shell := path.Base(u.Shell)
	return shell == "nologin" || shell == "false"
}

func capitalised(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}
