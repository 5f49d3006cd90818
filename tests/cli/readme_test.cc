#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "cli/aliases.h"
#include "cli/cli.h"
#include "cli/command_line.h"
#include "core/files.h"
#include "image/codec.h"
#include "models/networks/networks.h"
#include "models/trainers/trainer.h"
#include "weights/weights.h"

namespace solstice {
namespace {

std::string readme() { return read_file(fs::path(SOLSTICE_SOURCE_DIR) / "README.md"); }

void expect_named(std::string_view name) {
  EXPECT_NE(readme().find("`" + std::string(name) + "`"), std::string::npos)
      << "README.md does not name `" << name << "`";
}

TEST(Readme, NamesEveryRowOfEveryTable) {
  for (const Command& command : commands()) expect_named(command.name);
  for (const GeneratorRow& row : generator_table()) expect_named(row.name);
  for (const DiscriminatorRow& row : discriminator_table()) expect_named(row.name);
  for (const TrainerRow& row : trainer_table()) expect_named(row.name);
  for (const WeightFormatRow& row : weight_formats()) expect_named(row.name);
}

TEST(Readme, NamesEveryRecipe) {
  for (const auto& entry :
       fs::directory_iterator(fs::path(SOLSTICE_SOURCE_DIR) / "samples/recipes")) {
    expect_named(entry.path().stem().string());
  }
}

TEST(Readme, LinksOnlyToFilesThatAreThere) {
  const std::string text = readme();
  const std::regex link(R"(\]\(([^)#:]+)\))");
  size_t links = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it, ++links) {
    EXPECT_TRUE(fs::exists(fs::path(SOLSTICE_SOURCE_DIR) / (*it)[1].str())) << (*it)[1].str();
  }
  EXPECT_GT(links, 5U);
}

TEST(Recipes, SetOnlyOptionsThatTrainHas) {
  const auto find = [](const char* name) -> const Command& {
    for (const Command& command : commands()) {
      if (command.name == name) return command;
    }
    throw std::runtime_error("no such command");
  };
  size_t recipes = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(SOLSTICE_SOURCE_DIR) / "samples/recipes")) {
    EXPECT_NO_THROW(apply(find("train").options(), read_config(entry.path().string()), "recipe"))
        << entry.path();
    ++recipes;
  }
  EXPECT_GE(recipes, 3U);
}

TEST(Aliases, EachStandsForAnOptionOfSomeCommandAndIsDocumented) {
  const std::string page = read_file(fs::path(SOLSTICE_SOURCE_DIR) / "docs/reference-options.md");
  for (const Alias& alias : aliases()) {
    bool known = false;
    for (const Command& command : commands()) {
      for (const Field& field : command.options()) known = known || field.name == alias.name;
    }
    EXPECT_TRUE(known) << alias.reference << " stands for " << alias.name;
    EXPECT_NE(page.find("`--" + std::string(alias.reference) + "`"), std::string::npos)
        << alias.reference;
  }
}

TEST(Options, HaveOneNameEachAndHelp) {
  for (const Command& command : commands()) {
    std::vector<std::string> names;
    for (const Field& field : command.options()) {
      EXPECT_FALSE(field.help.empty()) << field.name;
      EXPECT_EQ(std::count(names.begin(), names.end(), field.name), 0) << field.name;
      names.push_back(field.name);
    }
  }
}

}  // namespace
}  // namespace solstice
