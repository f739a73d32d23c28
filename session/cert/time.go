package cert

// Dates. The civil calendar in whole days, counted from 2000-01-01; years begin
// in March so that the leap day is the last.

const (
	secondsPerDay = 86400
	utcTimeEnd    = 1577923200   // 2050-01-01: from here on GeneralizedTime, RFC 5280 §4.1.2.5
	noEnd         = 252455615999 // 9999-12-31T23:59:59Z: no end, RFC 5280 §4.1.2.5
	noEndText     = "99991231235959Z"
)

// daysFromCivil returns the days from 2000-01-01 to a date from year 1 on.
func daysFromCivil(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	yoe := year % 400
	doy := (153*(month-3)+2)/5 + day - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int64(era)*146097 + int64(doe) - 730425
}

// civilFromDays is the reverse of daysFromCivil.
func civilFromDays(days int64) (year, month, day int) {
	z := days + 730425
	era := int(z / 146097)
	doe := int(z % 146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	year = yoe + era*400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// appendTime appends a time of a TBSCertificate. 0 is the end of year 9999, at
// both ends of a validity: that is how other implementations read a notBefore
// of 0 too, and why none is ever issued.
func appendTime(dst []byte, t Time) []byte {
	if t == 0 {
		return appendDERString(dst, derTime, noEndText)
	}
	year, month, day := civilFromDays(int64(t / secondsPerDay))
	s := int(t % secondsPerDay)
	if int64(t) < utcTimeEnd {
		dst = append(dst, derUTCTime, 13)
	} else {
		dst = append(dst, derTime, 15)
		dst = appendTwo(dst, year/100)
	}
	dst = appendTwo(dst, year%100)
	dst = appendTwo(dst, month)
	dst = appendTwo(dst, day)
	dst = appendTwo(dst, s/3600)
	dst = appendTwo(dst, s/60%60)
	dst = appendTwo(dst, s%60)
	return append(dst, 'Z')
}

func appendTwo(dst []byte, n int) []byte { return append(dst, '0'+byte(n/10), '0'+byte(n%10)) }

// time consumes a UTCTime or GeneralizedTime in the form of RFC 5280 and returns
// it in seconds since 2000-01-01T00:00:00Z, which may be negative.
func (d *der) time() int64 {
	tag, b, _ := d.next()
	var year int
	switch {
	case d.bad:
		return 0
	case tag == derUTCTime && len(b) == 13:
		year = two(b) + 2000
		if year >= 2050 {
			year -= 100
		}
		b = b[2:]
	case tag == derTime && len(b) == 15:
		year = two(b)*100 + two(b[2:])
		if two(b[2:]) < 0 {
			year = -1
		}
		b = b[4:]
	default:
		d.bad = true
		return 0
	}
	month, day, hour, minute, second := two(b), two(b[2:]), two(b[4:]), two(b[6:]), two(b[8:])
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 || b[10] != 'Z' {
		d.bad = true
		return 0
	}
	return daysFromCivil(year, month, day)*secondsPerDay + int64(hour*3600+minute*60+second)
}

// two decodes two digits; it is far below 0 if they are not.
func two(b []byte) int {
	if b[0] < '0' || b[0] > '9' || b[1] < '0' || b[1] > '9' {
		return -10000
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
