package c1z

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// staging is a folder that a file is made in, in the folder where it will be. Whoever works in it has it locked.
type staging struct {
	folder string
	lock   *os.File
}

const stagingPrefix = ".c1z-compact-"

// stageIn makes such a folder, and removes those that killed processes have left.
func stageIn(outputDir string) (*staging, error) {
	removeAbandoned(outputDir)
	for {
		folder, err := os.MkdirTemp(outputDir, stagingPrefix)
		if err != nil {
			return nil, err
		}
		lock, err := lockFolder(folder)
		if err == nil {
			return &staging{folder, lock}, nil
		}
		if !errors.Is(err, errNotOurs) {
			_ = os.Remove(folder)
			return nil, err
		}
		// Somebody took the new folder for an abandoned one.
	}
}

// file is where the file is made.
func (s *staging) file() string { return filepath.Join(s.folder, "compacted.c1z") }

// input is where the input that is so manieth is converted to.
func (s *staging) input(i int) string { return filepath.Join(s.folder, fmt.Sprintf("input-%d.c1z", i)) }

// publish gives the file its name, unless something has it. The file itself is on the disk already.
func (s *staging) publish(path string) error {
	err := os.Link(s.file(), path)
	if err != nil && !errors.Is(err, os.ErrExist) {
		// A file system without hard links.
		if _, err = os.Lstat(path); err == nil {
			return &os.LinkError{Op: "link", Old: s.file(), New: path, Err: os.ErrExist}
		}
		err = os.Rename(s.file(), path)
	}
	if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}

// remove removes the folder with all that is in it.
func (s *staging) remove() {
	_ = os.RemoveAll(s.folder)
	_ = s.lock.Close()
}

// removeAbandoned removes the folders that nobody works in. One that cannot be removed stays.
func removeAbandoned(outputDir string) {
	entries, _ := os.ReadDir(outputDir) // Making a folder there will say what is wrong.
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), stagingPrefix) {
			continue
		}
		folder := filepath.Join(outputDir, entry.Name())
		if lock, err := lockFolder(folder); err == nil {
			(&staging{folder, lock}).remove()
		}
	}
}

// errNotOurs is of a folder that somebody else has locked, or had and has removed.
var errNotOurs = errors.New("the folder is somebody else's")

// lockFolder locks a folder that is there until the file is closed or the process ends.
func lockFolder(path string) (*os.File, error) {
	folder, err := os.OpenFile(path, syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNotOurs
	}
	if err != nil {
		return nil, err
	}
	if err := lockOpen(folder, path); err != nil {
		_ = folder.Close()
		return nil, err
	}
	return folder, nil
}

func lockOpen(folder *os.File, path string) error {
	err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errNotOurs
	}
	if err != nil {
		return &os.PathError{Op: "flock", Path: path, Err: err}
	}
	locked, err := folder.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Lstat(path); err != nil || !os.SameFile(locked, there) {
		return errNotOurs
	}
	return nil
}
