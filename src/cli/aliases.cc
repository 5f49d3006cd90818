#include "cli/aliases.h"

#include <array>

namespace solstice {
namespace {

constexpr std::array kAliases{
    Alias{"dataroot", "data", ""},
    Alias{"model", "trainer", ""},
    Alias{"netG", "generator", ""},
    Alias{"which_model_netG", "generator", ""},
    Alias{"netD", "discriminator", ""},
    Alias{"n_layers_D", "n-layers", ""},
    Alias{"input_nc", "input-nc", ""},
    Alias{"output_nc", "output-nc", ""},
    Alias{"init_type", "init-type", ""},
    Alias{"init_gain", "init-gain", ""},
    Alias{"no_dropout", "dropout", "false"},
    Alias{"which_direction", "direction", ""},
    Alias{"serial_batches", "shuffle", "false"},
    Alias{"num_threads", "workers", ""},
    Alias{"nThreads", "workers", ""},
    Alias{"batch_size", "batch-size", ""},
    Alias{"batchSize", "batch-size", ""},
    Alias{"load_size", "load-size", ""},
    Alias{"loadSize", "load-size", ""},
    Alias{"crop_size", "crop-size", ""},
    Alias{"fineSize", "crop-size", ""},
    Alias{"max_dataset_size", "max-images", ""},
    Alias{"resize_or_crop", "preprocess", ""},
    Alias{"no_flip", "flip", "false"},
    Alias{"print_freq", "log-every", ""},
    Alias{"display_freq", "sample-every", ""},
    Alias{"save_latest_freq", "checkpoint-every", ""},
    Alias{"continue_train", "resume", "true"},
    Alias{"n_epochs", "epochs", ""},
    Alias{"niter", "epochs", ""},
    Alias{"n_epochs_decay", "epochs-decay", ""},
    Alias{"niter_decay", "epochs-decay", ""},
    Alias{"gan_mode", "gan-mode", ""},
    Alias{"no_lsgan", "gan-mode", "vanilla"},
    Alias{"lambda_L1", "lambda-l1", ""},
    Alias{"lambda_A", "lambda-cycle-a", ""},
    Alias{"lambda_B", "lambda-cycle-b", ""},
    Alias{"lambda_identity", "lambda-identity", ""},
    Alias{"identity", "lambda-identity", ""},
    Alias{"pool_size", "pool-size", ""},
    Alias{"lr_policy", "schedule", ""},
    Alias{"lr_decay_iters", "decay-every", ""},
    Alias{"gpu_ids", "device", ""},
    Alias{"name", "out", ""},
    Alias{"results_dir", "out", ""},
};

}  // namespace

std::span<const Alias> aliases() { return kAliases; }

}  // namespace solstice
