package c1z

import (
	"sync/atomic"
	"time"
)

// meter is two numbers that the library writes during a call: what is done, and of how much.
type meter [2]uint64

// How often somebody is told of what it says.
const meterInterval = 50 * time.Millisecond

// during runs a call that writes to the meter, and tells of it meanwhile, and of the end. No goroutine outlives it.
func (m *meter) during(told func(done, total uint64), run func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(meterInterval)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				m.tell(told)
			}
		}
	}()
	defer func() {
		close(stop)
		<-stopped
		m.tell(told)
	}()
	run()
}

func (m *meter) tell(told func(done, total uint64)) {
	if total := atomic.LoadUint64(&m[1]); total > 0 {
		told(min(atomic.LoadUint64(&m[0]), total), total)
	}
}
