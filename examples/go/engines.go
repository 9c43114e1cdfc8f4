package main

import (
	"fmt"
	"sync"

	c1z "example.com/libc1z/go"
)

const rocksdb = "rocksdb"

// registerEngines adds the RocksDB engine to the SQLite and Pebble engines that the SDK brings. The SDK's registry is
// one a process and refuses a second driver of one name.
var registerEngines = sync.OnceValue(func() error {
	if err := c1z.Register(); err != nil {
		return fmt.Errorf("register engine %s: %w", rocksdb, err)
	}
	return nil
})
