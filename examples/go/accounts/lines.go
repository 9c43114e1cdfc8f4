// Package accounts reads the accounts of a Unix machine from passwd(5) and group(5).
package accounts

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// longestLine is far above what NSS accepts; a longer line means that the file is not what it should be.
const longestLine = 1 << 20

// LineError is a line that is not what its file's manual page says.
type LineError struct {
	File string
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// eachLine gives the colon-separated fields of every line to parse, and wraps its error with file and line number.
//
// Blank lines and lines that start with '#' are passed over, as glibc's "files" source does. Protobuf strings are
// UTF-8: bytes that are not (a Latin-1 gecos, say) become U+FFFD.
func eachLine(r io.Reader, file string, fields int, parse func(field []string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	number := 0
	for lines.Scan() {
		number++
		line := strings.ToValidUTF8(lines.Text(), "\uFFFD")
		if text := strings.TrimSpace(line); text == "" || text[0] == '#' {
			continue
		}
		field := strings.Split(line, ":")
		err := parseFields(field, fields, parse)
		if err != nil {
			return &LineError{File: file, Line: number, Err: err}
		}
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		return &LineError{File: file, Line: number + 1, Err: err}
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}

func parseFields(field []string, want int, parse func(field []string) error) error {
	if len(field) != want {
		return fmt.Errorf("%d fields, want %d", len(field), want)
	}
	if field[0] == "" {
		return errors.New("empty name")
	}
	return parse(field)
}

// number parses a uid or gid, which are 32 bits wide and unsigned on every Unix in use.
func number(what, text string) (uint32, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return uint32(n), nil
}
