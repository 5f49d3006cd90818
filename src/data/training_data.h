#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace solstice {

struct TrainingData {
  OpenedDataset training;
  OpenedDataset validation;  ///< its `dataset` is null when there is none
};

/// Opens `train` and what it is validated on: `val` where the folder has it; else, when
/// options.val_split > 0, that share of the training samples; else nothing. Which samples are held
/// out is a function of the seed and of each sample's name alone, so that adding files moves no
/// other; at least one is, and never all. Unpaired, a share of A and a share of B are held out.
/// No file of the validation set (nor a link to it) is a file of the training set: the `reading`
/// of the training set says how many samples were left out for that reason.
/// The validation set draws nothing: its get() is get_centre(). Throws as open_dataset, of either
/// part, and Error(kUsage) when there is but one sample to hold out from.
TrainingData open_training_data(const DataOptions& options, Pairing wanted, uint64_t seed);

}  // namespace solstice
