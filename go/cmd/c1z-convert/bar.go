package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// bar is a progress bar on a terminal, and nothing elsewhere.
type bar struct {
	terminal *os.File // nil if there is none
	last     time.Time
	shown    bool
}

const (
	barWidth = 40
	// A line is drawn no more often than that.
	barInterval = 100 * time.Millisecond
	// Clears the line that the cursor is in.
	clearLine = "\r\x1b[K"
)

func newBar(file *os.File) *bar {
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return &bar{}
	}
	return &bar{terminal: file}
}

// show draws how much is done, and of how much if that is known.
func (b *bar) show(done, total uint64) {
	if b.terminal == nil || time.Since(b.last) < barInterval {
		return
	}
	b.last, b.shown = time.Now(), true
	fmt.Fprint(b.terminal, clearLine, drawn(done, total))
}

func drawn(done, total uint64) string {
	if total == 0 {
		return fmt.Sprint(done)
	}
	share := float64(min(done, total)) / float64(total)
	filled := int(share * barWidth)
	return fmt.Sprintf("[%s%s] %3.0f %%  %d of %d", strings.Repeat("#", filled), strings.Repeat(" ", barWidth-filled), share*100, done, total)
}

func (b *bar) clear() {
	if b.shown {
		fmt.Fprint(b.terminal, clearLine)
	}
}
