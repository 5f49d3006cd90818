"""Reads an event directory as TensorBoard does: usage DIRECTORY. What event_file_test.cc wrote."""

import math
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0})
events.Reload()
assert set(events.Tags()["scalars"]) == {"loss/G_GAN", "lr"}, events.Tags()
found = [(event.step, event.value) for event in events.Scalars("loss/G_GAN")]
# Steps 3 and 4 of the first file were purged, and written again by the second.
assert found == [(1, 1.5), (2, 2.5), (3, 30.5), (4, 40.5)], found
assert [event.step for event in events.Scalars("lr")] == [1, 2**40]
assert math.isnan(events.Scalars("lr")[1].value)
assert all(event.wall_time > 1e9 for event in events.Scalars("lr"))
assert events.Tags()["images"] == ["samples"]
(image,) = events.Images("samples")
assert (image.step, image.width, image.height) == (2, 3, 2), image
assert image.encoded_image_string[:8] == b"\x89PNG\r\n\x1a\n"
