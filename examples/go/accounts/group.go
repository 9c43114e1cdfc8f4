package accounts

import (
	"fmt"
	"io"
	"strings"
)

// A Group is one line of group(5). Members names the supplementary members only: who has the group as primary group
// is in passwd(5).
type Group struct {
	Name    string
	GID     uint32
	Members []string
}

// ParseGroup reads the lines of a group(5) file. The name of the file is for errors only.
func ParseGroup(r io.Reader, file string) ([]Group, error) {
	var groups []Group
	seen := map[string]bool{}
	err := eachLine(r, file, 4, func(field []string) error {
		group := Group{Name: field[0], Members: members(field[3])}
		if seen[group.Name] {
			return fmt.Errorf("second line for group %q", group.Name)
		}
		seen[group.Name] = true
		var err error
		if group.GID, err = number("gid", field[2]); err != nil {
			return err
		}
		groups = append(groups, group)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return groups, nil
}

// members splits a member list. glibc passes over empty entries, so "a,,b" and "a,b," are legal,
// and so is a name that comes twice.
func members(list string) []string {
	var names []string
	seen := map[string]bool{"": true}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
