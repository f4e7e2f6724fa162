package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A panel is a part of the picture: both axes are logarithmic.
type panel struct {
	curve       curve
	left        float64
	low, high   float64 // the decades of milliseconds
	first, last float64 // the decades of sizes
}

// The size of the picture's parts, in pixels.
const (
	panelWidth  = 400.0
	panelHeight = 320.0
	margin      = 56.0
	legend      = 24 * 8.0
)

// colours tell the lines apart, also for those who see few colours.
var colours = []string{"#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7", "#999999"}

// plot draws curves side by side, as SVG.
func plot(curves ...curve) string {
	var b strings.Builder
	width := float64(len(curves))*(panelWidth+margin) + margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n",
		width, margin*2+panelHeight+legend)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n")
	low, high := decades(curves)
	for i, c := range curves {
		if len(c.Points) < 2 {
			continue
		}
		p := panel{curve: c, left: margin + float64(i)*(panelWidth+margin), low: low, high: high,
			first: math.Log10(float64(c.Points[0].N)), last: math.Log10(float64(c.Points[len(c.Points)-1].N))}
		p.grid(&b)
		p.lines(&b)
	}
	for i, column := range columns {
		y := margin + panelHeight + margin + float64(i)*24
		fmt.Fprintf(&b, `<line x1="%.0f" y1="%.0f" x2="%.0f" y2="%.0f" stroke="%s" stroke-width="2"/>`, margin, y, margin+30, y, colours[i])
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f">%s</text>`+"\n", margin+38, y+4, column.title)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// decades are the powers of ten that hold all times, in milliseconds.
func decades(curves []curve) (low, high float64) {
	low, high = 0, 0
	for _, c := range curves {
		for _, p := range c.Points {
			for _, d := range p.Times {
				low = min(low, math.Floor(decade(d)))
				high = max(high, math.Ceil(decade(d)))
			}
		}
	}
	return low, high
}

func decade(d time.Duration) float64 {
	return math.Log10(float64(max(d, time.Microsecond)) / float64(time.Millisecond))
}

func (p panel) x(n int) float64 {
	return p.left + panelWidth*(math.Log10(float64(n))-p.first)/(p.last-p.first)
}

func (p panel) y(d time.Duration) float64 {
	return margin + panelHeight*(p.high-decade(d))/(p.high-p.low)
}

// grid draws the axes with a line for each power of ten.
func (p panel) grid(b *strings.Builder) {
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" text-anchor="middle">milliseconds, by %s</text>`+"\n",
		p.left+panelWidth/2, margin/2, p.curve.Title)
	for e := p.low; e <= p.high; e++ {
		y := margin + panelHeight*(p.high-e)/(p.high-p.low)
		fmt.Fprintf(b, `<line x1="%.0f" y1="%.1f" x2="%.0f" y2="%.1f" stroke="#dddddd"/>`, p.left, y, p.left+panelWidth, y)
		fmt.Fprintf(b, `<text x="%.0f" y="%.1f" text-anchor="end">%g</text>`+"\n", p.left-6, y+4, math.Pow(10, e))
	}
	for _, point := range p.curve.Points {
		x := p.x(point.N)
		fmt.Fprintf(b, `<line x1="%.1f" y1="%.0f" x2="%.1f" y2="%.0f" stroke="#dddddd"/>`, x, margin, x, margin+panelHeight)
		fmt.Fprintf(b, `<text x="%.1f" y="%.0f" text-anchor="middle">%s</text>`+"\n", x, margin+panelHeight+18, thousands(point.N))
	}
}

func (p panel) lines(b *strings.Builder) {
	for i, column := range columns {
		var path []string
		for _, point := range p.curve.Points {
			if point.Times[column.name] == 0 {
				continue
			}
			path = append(path, fmt.Sprintf("%.1f,%.1f", p.x(point.N), p.y(point.Times[column.name])))
		}
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", colours[i], strings.Join(path, " "))
	}
}
