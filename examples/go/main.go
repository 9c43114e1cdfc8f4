// Unix-accounts syncs the accounts of a Unix machine into a .c1z file: its users and groups, and who can become root
// through which group.
//
//	go run . -engine rocksdb -out accounts.c1z -passwd /etc/passwd -group /etc/group
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/conductorone/baton-sdk/pkg/connectorbuilder"
	"github.com/conductorone/baton-sdk/pkg/logging"

	"example.com/libc1z/examples/go/accounts"
	"example.com/libc1z/examples/go/connector"
)

type options struct {
	target
	passwd string
	group  string
}

func main() {
	o := parseFlags()
	exit(untilSignal(func(ctx context.Context) error { return run(ctx, o, os.Stdout) }))
}

// untilSignal cancels run at the first signal, so that it saves what it has; the second signal ends the program.
func untilSignal(run func(ctx context.Context) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "unix-accounts:", err)
		os.Exit(1)
	}
}

func parseFlags() options {
	var o options
	flag.StringVar(&o.engine, "engine", rocksdb, "storage engine of a new file: rocksdb, sqlite or pebble")
	flag.StringVar(&o.path, "out", "unix-accounts.c1z", "file to sync into")
	flag.StringVar(&o.passwd, "passwd", "/etc/passwd", "passwd(5) file")
	flag.StringVar(&o.group, "group", "/etc/group", "group(5) file")
	flag.IntVar(&o.workers, "workers", 1, "workers of the sync; -1 for one a core, four at most")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(flag.CommandLine.Output(), "unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	return o
}

// run does one full sync, and tells where it went, with which engine and how long it took.
func run(ctx context.Context, o options, stdout io.Writer) error {
	ctx, err := logging.Init(ctx, logging.WithLogFormat(logging.LogFormatConsole), logging.WithLogLevel("warn"))
	if err != nil {
		return fmt.Errorf("start logging: %w", err)
	}
	if err := registerEngines(); err != nil {
		return err
	}
	machine, err := accounts.Open(o.passwd, o.group)
	if err != nil {
		return err
	}
	server, err := connectorbuilder.NewConnector(ctx, connector.New(machine))
	if err != nil {
		return fmt.Errorf("build connector: %w", err)
	}
	start := time.Now()
	engine, err := fullSync(ctx, server, o.target)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s: engine %s, %s\n", o.path, engine, time.Since(start).Round(time.Millisecond))
	return err
}
