package main

import (
	"reflect"
	"strings"
	"time"

	"loglens/internal/when"
	"loglens/report"
)

// inZone resolves what may depend on the time zone that --tz names.
func inZone[T any](a *app, name string, resolve func(*time.Location) (T, error)) (T, error) {
	zone, err := when.Zone(name)
	if err != nil {
		var none T
		return none, usage("for example --tz UTC, --tz +02:00 or --tz Europe/Berlin", "--tz: %w", err)
	}
	value, err := resolve(zone)
	if tz, unknown := a.unknownTZ(); unknown && zone == time.Local {
		other, oerr := resolve(elsewhere)
		if (err == nil) != (oerr == nil) || !reflect.DeepEqual(value, other) {
			a.zoneDoubt.Do(func() {
				a.say("warning: TZ=%s in the environment is no known time zone, so times are read as UTC; --tz sets another zone", report.Plain(tz))
			})
		}
	}
	return value, err
}

// elsewhere is a zone in which no clock, hour or day is as in UTC: what comes out the
// same there does not depend on the zone.
var elsewhere = time.FixedZone("elsewhere", 90*60)

// unknownTZ reports whether the environment names a zone that Go could not find. It
// takes UTC then, and says nothing.
func (a *app) unknownTZ() (tz string, unknown bool) {
	tz = strings.TrimPrefix(a.getenv("TZ"), ":")
	return tz, tz != "" && !strings.EqualFold(tz, "UTC") && !strings.EqualFold(tz, "Z") && time.Local.String() == "UTC"
}
