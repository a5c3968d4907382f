#!/bin/sh
# Makes the English voice again: make.sh [FOLDER]
#
# The ten digits are spoken by flite's voice rms, without the silence around them, each as loud as
# its loudest sample can be, as IMA ADPCM of 4 bits a sample.
#
#     apt-get install -y flite sox
set -eu

folder=${1:-$(dirname "$0")/en}
word=$(mktemp --suffix .wav)
trap 'rm -f "$word"' EXIT

digit=0
for name in zero one two three four five six seven eight nine; do
    flite -voice rms -t "$name" -o "$word"
    sox "$word" -e ima-adpcm "$folder/$digit.wav" \
        silence 1 0.005 0.3% fade t 0.005 reverse silence 1 0.005 0.3% fade t 0.005 reverse norm -1
    digit=$((digit + 1))
done
