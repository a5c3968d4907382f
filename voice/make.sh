#!/bin/sh
# Makes the English voice: make.sh [FOLDER]
#
# flite's voice awb speaks the ten digits. SoX removes the silence around them, makes soft sounds such as
# f and s louder, which the background sound would cover, and writes IMA ADPCM with 4 bits a sample.
#
#     apt-get install -y flite sox
set -eu

folder=${1:-$(dirname "$0")/en}
word=$(mktemp --suffix .wav)
trap 'rm -f "$word"' EXIT

digit=0
for name in zero one two three four five six seven eight nine; do
    flite -voice awb -t "$name" -o "$word"
    sox -V1 -D "$word" -e ima-adpcm "$folder/$digit.wav" gain -3 \
        silence 1 0.005 0.1% fade t 0.005 reverse silence 1 0.005 0.1% fade t 0.005 reverse \
        compand 0.003,0.03 6:-70,-70,-50,-28,-20,-12,0,-8 norm -1 gain -l 3
    digit=$((digit + 1))
done
