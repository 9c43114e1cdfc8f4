#!/usr/bin/env bash
# A Go program outside the checkout builds against the driver with one replace line, as README.md says.
# The library is found through PKG_CONFIG_PATH and LD_LIBRARY_PATH.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	c1z "example.com/libc1z/go"
	v2 "github.com/conductorone/baton-sdk/pb/c1/connector/v2"
	"github.com/conductorone/baton-sdk/pkg/connectorstore"
	"github.com/conductorone/baton-sdk/pkg/dotc1z"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, path string) error {
	if err := c1z.Register(); err != nil {
		return err
	}
	store, err := dotc1z.NewStore(ctx, path, dotc1z.WithEngine(c1z.Engine))
	if err != nil {
		return err
	}
	if _, err := store.StartNewSync(ctx, connectorstore.SyncTypeFull, ""); err != nil {
		return err
	}
	if err := store.PutResourceTypes(ctx, v2.ResourceType_builder{Id: "user"}.Build()); err != nil {
		return err
	}
	if err := store.EndSync(ctx); err != nil {
		return err
	}
	if err := store.Close(ctx); err != nil {
		return err
	}
	fmt.Println("wrote", path)
	return nil
}
GO
cp "$checkout/go/go.sum" .
go mod init example.com/outside 2>/dev/null
go mod edit -require=example.com/libc1z/go@v0.0.0 -replace=example.com/libc1z/go="$checkout/go"
go mod tidy 2>/dev/null
output=$(go run . "$work/outside.c1z")
[[ $output == "wrote "* ]] || { echo "test-outside: the program did not write its file"; echo "$output"; exit 1; }
[[ -s outside.c1z ]] || { echo "test-outside: no file"; exit 1; }
echo "test-outside: ok"
