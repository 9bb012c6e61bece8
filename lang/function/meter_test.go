package function

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestMeterTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMeter()
		m.Reset(0)
		time.Sleep(time.Hour) // an apply that waits, not an evaluation that works
		for range 10 {
			m.Resume()
			time.Sleep(maxTime / 10)
			if err := m.spend(1); err != nil {
				t.Fatal(err)
			}
			m.Pause()
			time.Sleep(time.Hour)
		}
		m.Resume()
		time.Sleep(time.Millisecond)
		if err := m.spend(1); !errors.Is(err, errTime) {
			t.Errorf("after all of its time: %v", err)
		}
		m.Pause()
		m.Reset(0)
		m.Resume()
		if err := m.spend(1); err != nil {
			t.Errorf("another evaluation: %v", err)
		}
	})
}

func TestMeterWork(t *testing.T) {
	m := NewMeter()
	if err := m.spend(maxWork); err != nil {
		t.Error(err)
	}
	if err := m.spend(1); !errors.Is(err, errWork) {
		t.Errorf("after all of its work: %v", err)
	}
	m.Reset(1)
	if err := m.spend(maxWork + workComponent); err != nil {
		t.Error(err)
	}
}
