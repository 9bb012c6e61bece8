package metrics

import "testing"

func TestText(t *testing.T) {
	var w Writer
	w.Family("up", Gauge, "Whether it\nruns.")
	w.Sample(1, nil)
	w.Sample(0.5, Labels{"name", "a\"b\\c\nd", "zone", "eu"})
	w.Family("took_seconds", Histogram, "Time.")
	w.Distribution([]float64{0.001, 0.002}, []uint64{3, 0, 2}, Labels{"host", "h"})
	const want = `# HELP up Whether it\nruns.
# TYPE up gauge
up 1
up{name="a\"b\\c\nd",zone="eu"} 0.5
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{host="h",le="0.001"} 3
took_seconds_bucket{host="h",le="0.002"} 3
took_seconds_bucket{host="h",le="+Inf"} 5
took_seconds_count{host="h"} 5
`
	if got := string(w.Bytes()); got != want {
		t.Errorf("got\n%s", got)
	}
}
