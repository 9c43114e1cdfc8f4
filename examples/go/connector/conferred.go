package connector

// A role is what being in certain groups amounts to.
type role struct {
	id          string
	name        string
	description string
	conferredBy []string // groups, where the machine has them
	includedIn  string   // the role that can do all this too
}

const administrator = "administrator"

// roles is the one table of what groups confer, from the defaults of the common distributions.
var roles = []role{
	{
		id:          administrator,
		name:        "Administrator",
		description: "Can become root",
		conferredBy: []string{
			"sudo",  // sudoers of Debian and Ubuntu: all commands
			"admin", // sudoers of Ubuntu up to 11.10, still in its default file
			"wheel", // sudoers of Fedora, Arch and SUSE; su on BSD

			// The daemon runs as root and starts containers for whoever may write to its socket: one with the
			// machine's "/" mounted, or a privileged one, is a root shell. That needs no password and leaves no
			// line in sudo's log.
			"docker",
			"lxd",
			"incus-admin",

			"disk", // reads and writes block devices, and so any file system beneath its permissions
		},
	},
	{
		id:          "log-reader",
		name:        "Log reader",
		description: "Reads the system's logs",
		conferredBy: []string{"adm", "systemd-journal"},
		includedIn:  administrator,
	},
	{
		id:          "password-hash-reader",
		name:        "Password hash reader",
		description: "Reads shadow(5), and so can try passwords without anybody noticing",
		conferredBy: []string{"shadow"},
		includedIn:  administrator,
	},
	{
		id:          "private-key-reader",
		name:        "Private key reader",
		description: "Reads the private keys of the machine's certificates",
		conferredBy: []string{"ssl-cert"},
		includedIn:  administrator,
	},
}

func roleByID(id string) (role, bool) {
	for _, r := range roles {
		if r.id == id {
			return r, true
		}
	}
	return role{}, false
}
