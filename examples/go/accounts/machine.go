package accounts

import (
	"fmt"
	"io"
	"os"
)

// A Machine is what both files of one machine say together.
type Machine struct {
	Users  []User
	Groups []Group

	userByName  map[string]User
	usersByGID  map[uint32][]User
	groupByName map[string]Group
}

// A Member is a user in a group; Primary, if the group is the user's primary group.
type Member struct {
	User    User
	Primary bool
}

// A Stranger is a name in a member list that has no line in passwd(5).
type Stranger struct {
	Group string
	Name  string
}

// Open reads a machine's two files.
func Open(passwd, group string) (*Machine, error) {
	users, err := parseFile(passwd, ParsePasswd)
	if err != nil {
		return nil, err
	}
	groups, err := parseFile(group, ParseGroup)
	if err != nil {
		return nil, err
	}
	return NewMachine(users, groups), nil
}

func parseFile[T any](path string, parse func(io.Reader, string) ([]T, error)) ([]T, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open accounts: %w", err)
	}
	defer file.Close()
	return parse(file, path)
}

// NewMachine puts users and groups together.
func NewMachine(users []User, groups []Group) *Machine {
	m := &Machine{
		Users:       users,
		Groups:      groups,
		userByName:  map[string]User{},
		usersByGID:  map[uint32][]User{},
		groupByName: map[string]Group{},
	}
	for _, user := range users {
		m.userByName[user.Name] = user
		m.usersByGID[user.GID] = append(m.usersByGID[user.GID], user)
	}
	for _, group := range groups {
		m.groupByName[group.Name] = group
	}
	return m
}

// Group finds a group by name.
func (m *Machine) Group(name string) (Group, bool) {
	group, known := m.groupByName[name]
	return group, known
}

// Members lists everybody in a group once: those with it as primary group, then the supplementary ones. Strangers
// are left out.
func (m *Machine) Members(group Group) []Member {
	var all []Member
	for _, user := range m.usersByGID[group.GID] {
		all = append(all, Member{User: user, Primary: true})
	}
	for _, name := range group.Members {
		user, known := m.userByName[name]
		if known && user.GID != group.GID {
			all = append(all, Member{User: user})
		}
	}
	return all
}

// Strangers lists the members without an account, as a group file edited by hand leaves them behind.
func (m *Machine) Strangers() []Stranger {
	var all []Stranger
	for _, group := range m.Groups {
		for _, name := range group.Members {
			if _, known := m.userByName[name]; !known {
				all = append(all, Stranger{Group: group.Name, Name: name})
			}
		}
	}
	return all
}
