// Command c1z-convert makes a file of one engine of a file of another.
//
//	c1z-convert [-to c1z|pebble|sqlite] [-sync ID] [-skip-unreadable] [-tmp-dir FOLDER] IN OUT
//
// The engines are that of libc1z and the two of the SDK. What the new file does not hold is listed on standard output, which
// says nothing if that is nothing; a progress bar is on standard error if that is a terminal. The exit status is 0 when OUT is
// there, 1 when it is not, and standard error says why in one line, and 2 for wrong arguments.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/conductorone/baton-sdk/pkg/dotc1z/c1zstore"

	c1z "example.com/libc1z/go"
)

var engines = map[string]c1zstore.Engine{
	"c1z":    c1z.Engine,
	"pebble": c1zstore.EnginePebble,
	"sqlite": c1zstore.EngineSQLite,
}

func main() {
	log.SetOutput(io.Discard) // Pebble tells of its work there.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr *os.File) int {
	flags := flag.NewFlagSet("c1z-convert", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "Usage: c1z-convert [-to c1z|pebble|sqlite] [-sync ID] [-skip-unreadable] [-tmp-dir FOLDER] IN OUT")
		flags.PrintDefaults()
	}
	to := flags.String("to", "c1z", "the `engine` of the new file: c1z, pebble or sqlite")
	sync := flags.String("sync", "", "the `id` of the sync that becomes a file of Pebble, which holds one (default: the newest that has ended)")
	skip := flags.Bool("skip-unreadable", false, "leave out records that cannot be read, and list them")
	tmpDir := flags.String("tmp-dir", "", "the `folder` that databases are unpacked to (default: $BATON_TMPDIR, or the system's)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	engine, known := engines[*to]
	if !known || flags.NArg() != 2 {
		flags.Usage()
		return 2
	}
	bar := newBar(stderr)
	options := []c1z.ConvertOption{
		c1z.WithConvertTo(engine), c1z.WithConvertSync(*sync), c1z.WithConvertTmpDir(*tmpDir), c1z.WithConvertProgress(bar.show),
	}
	if *skip {
		options = append(options, c1z.WithSkipUnreadable())
	}
	err := c1z.Register()
	var converted *c1z.Converted
	if err == nil {
		converted, err = c1z.Convert(ctx, flags.Arg(0), flags.Arg(1), options...)
	}
	bar.clear()
	if err != nil {
		fmt.Fprintln(stderr, "c1z-convert:", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 1
	}
	for _, loss := range converted.Losses {
		fmt.Fprintln(stdout, described(loss))
	}
	return 0
}

// described is a loss as one line.
func described(loss c1z.ConvertLoss) string {
	of := loss.Kind
	if loss.Table != "" {
		of += " in " + loss.Table
	}
	line := fmt.Sprintf("lost: %d of %s", loss.Count, of)
	if len(loss.Examples) > 0 {
		line += ": " + strings.Join(loss.Examples, "; ")
	}
	if int64(len(loss.Examples)) < loss.Count && len(loss.Examples) > 1 {
		line += "; …"
	}
	return line
}
